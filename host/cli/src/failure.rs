//! How failures are told: what is wrong, where in the file, what to do; and the exit code.

use std::fmt::{self, Display};
use std::process::ExitCode;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles,
};
use stillroom::error::{Blame, Error, StepError};

use crate::show::text;
use crate::terminal::Stream;
use crate::{interrupt, progress};

/// The exit code of what could not run.
pub(crate) const EXIT_CODE: u8 = 2;

/// The most frames of a guest's call stack.
const MAX_FRAMES: usize = 16;

/// Says what went wrong on standard error; answers the exit code.
pub(crate) fn report(failure: &miette::Report) -> ExitCode {
    let mut words = render(Stream::Err, failure.as_ref());
    let error = failure.downcast_ref::<Error>();
    if let Some(Error::Step(step)) = error {
        words += &guest_stack(step);
    }
    progress::note(words.trim_end());
    ExitCode::from(if matches!(error, Some(Error::Stopped)) { interrupt::EXIT_CODE } else { EXIT_CODE })
}

/// The diagnostic with its piece of the pipeline file.
fn render(stream: Stream, diagnostic: &dyn Diagnostic) -> String {
    let mut characters = if stream.has_unicode() { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    characters.error = "error:".to_owned();
    let styles = if stream.has_colour() { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_links(false)
        .with_width(stream.width())
        // A log's line is as long as it is: whoever searches it finds whole messages.
        .with_wrap_lines(stream.is_terminal());
    let mut words = String::new();
    match handler.render_report(&mut words, &Escaped(diagnostic)) {
        // It begins at the margin.
        Ok(()) => words.trim_start().to_owned(),
        Err(_) => format!("error: {}", text::escape(&chain(diagnostic))),
    }
}

fn guest_stack(step: &StepError) -> String {
    let mut lines = vec![match step.blame {
        Blame::Expression => format!("  {}", blame(step.blame)),
        _ => format!("  {} ({})", blame(step.blame), text::escape_line(&step.uses)),
    }];
    if !step.backtrace.is_empty() {
        lines.push("  the plugin's call stack, innermost first:".to_owned());
    }
    lines.extend(step.backtrace.iter().take(MAX_FRAMES).map(|frame| format!("    {}", text::escape_line(frame))));
    if step.backtrace.len() > MAX_FRAMES {
        lines.push(format!("    and {} more", step.backtrace.len() - MAX_FRAMES));
    }
    lines.join("\n") + "\n"
}

fn blame(blame: Blame) -> &'static str {
    match blame {
        Blame::Data => "the plugin says that it is the data's fault",
        Blame::Plugin => "the plugin's own fault",
        Blame::Contract => "the plugin's fault: it broke the contract",
        Blame::Limit => "a limit of the host was passed",
        Blame::Host => "a bug in Stillroom; please report it",
        Blame::Stopped => "the run was stopped",
        Blame::Expression => "the expression has no value for these rows",
    }
}

/// The message, and those of its causes that it does not quote itself.
fn chain(diagnostic: &dyn Diagnostic) -> String {
    let mut message = diagnostic.to_string();
    let mut cause = diagnostic.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !message.contains(&words) {
            message += &format!(": {words}");
        }
        cause = error.source();
    }
    message
}

/// A diagnostic whose words cannot play tricks on a terminal: a guest's message may stand in them.
#[derive(Debug)]
struct Escaped<'a>(&'a dyn Diagnostic);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::escape(&chain(self.0)))
    }
}

impl std::error::Error for Escaped<'_> {}

impl Diagnostic for Escaped<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.0.help().map(|help| Box::new(text::escape(&help.to_string())) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.0.labels()?.map(|label| {
            let words = label.label().filter(|words| !words.is_empty()).map(text::escape_line);
            LabeledSpan::new_primary_with_span(words, *label.inner())
        });
        Some(Box::new(labels))
    }
}
