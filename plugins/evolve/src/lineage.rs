use stillroom_sdk::task::Dice;

/// A row's text; or why there is none, or no more.
pub(crate) type Line = Result<Lineage, String>;

/// A text and what has become of it.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    /// What it is, in prompts: `instruction` or `response`.
    subject: &'static str,
    /// What else prompts show: names and texts.
    context: Vec<(&'static str, String)>,
    original: String,
    /// Its evolutions, each of the one before, and the mutations that they came by.
    evolutions: Vec<(String, String)>,
    /// Why an evolution was dropped, the last time.
    pub(crate) dropped: Option<String>,
    pub(crate) dice: Dice,
}

impl Lineage {
    pub(crate) fn new(subject: &'static str, original: impl Into<String>, dice: Dice) -> Self {
        let (context, evolutions) = Default::default();
        Self { subject, context, original: original.into(), evolutions, dropped: None, dice }
    }

    /// With a text that prompts show beside it.
    pub(crate) fn beside(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.context.push((name, text.into()));
        self
    }

    /// What it was.
    pub(crate) fn original(&self) -> &str {
        &self.original
    }

    /// What it is by now.
    pub(crate) fn now(&self) -> &str {
        self.evolutions.last().map_or(&self.original, |(text, _)| text)
    }

    /// All that it became, the original left out.
    pub(crate) fn evolutions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.evolutions.iter().map(|(text, _)| text.as_str())
    }

    /// The mutations that its evolutions came by.
    pub(crate) fn mutations(&self) -> Vec<&str> {
        self.evolutions.iter().map(|(_, mutation)| mutation.as_str()).collect()
    }

    /// The texts that a prompt shows, by name.
    pub(crate) fn fields(&self) -> Vec<(&str, &str)> {
        let context = self.context.iter().map(|(name, text)| (*name, text.as_str()));
        context.chain([(self.subject, self.now())]).collect()
    }

    pub(crate) fn evolve(&mut self, text: String, mutation: &str) {
        self.evolutions.push((text, mutation.to_owned()));
    }
}
