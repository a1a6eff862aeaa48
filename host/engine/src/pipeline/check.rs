//! Written tables to steps: what can be wrong in a file by itself.

use std::collections::HashMap;

use serde_json::Value;

use super::fault::{Fault, Segment, Short};
use super::graph::Graph;
use super::model::Declarations;
use super::reference::References;
use super::route::route;
use super::spec::{
    Action, CsvSpec, DatasetSpec, Format, LimitsSpec, OnError, PluginSpec, SinkSpec, SourceSpec, Step, UseSpec,
};
use super::written::{
    ACTIONS, DatasetTable, Names, PATH_KEYS, Paths, PipelineFile, SinkTable, SourceTable, StepTable, TextOr,
};
use super::{Place, Spanned};

mod limits;
mod model;
mod plugin;

/// A pipeline file that is right by itself.
pub(super) struct Checked {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) batch_rows: Option<usize>,
    pub(super) batch_bytes: Option<usize>,
    pub(super) quarantine: Option<String>,
    pub(super) dataset: Option<DatasetSpec>,
    pub(super) plugins: Vec<PluginSpec>,
    pub(super) models: Declarations,
    pub(super) answers: Option<String>,
    pub(super) limits: LimitsSpec,
    pub(super) on_error: OnError,
    pub(super) seed: u64,
    pub(super) steps: Vec<Step>,
    pub(super) graph: Graph,
}

impl PipelineFile {
    /// Checks the steps and all that they need.
    pub(super) fn check(self, references: &References<'_>) -> Result<Checked, Fault> {
        if self.steps.is_empty() {
            let help = "a pipeline begins with a step that has `source:`";
            return Err(Fault::new("`steps` is empty").at(self.steps.place).help(help));
        }
        let models = model::models(self.models.unwrap_or_default(), references)?;
        let budget = self.budget.map(|budget| model::budget(budget, &models)).transpose()?.unwrap_or_default();
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        let plugins = plugin::plugins(self.plugins.unwrap_or_default(), &names)?;
        let steps = steps(self.steps.value, &plugins, |place| references.line(place))?;
        plugin::are_used(&plugins, &steps)?;
        Ok(Checked {
            name: self.name,
            description: self.description,
            batch_rows: self.batch_rows.map(positive).transpose()?,
            batch_bytes: self.batch_bytes.map(positive).transpose()?,
            quarantine: self.quarantine,
            dataset: self.dataset.map(dataset).transpose()?,
            limits: self.limits.map(limits::limits).transpose()?.unwrap_or_default(),
            on_error: self.on_error.unwrap_or_default(),
            seed: self.seed.unwrap_or(0),
            graph: Graph::new(&steps)?,
            answers: self.answers.map(answers).transpose()?,
            models: Declarations::new(models, budget),
            plugins,
            steps,
        })
    }
}

fn answers(path: Spanned<String>) -> Result<String, Fault> {
    not_empty(&path).map(|()| path.value)
}

fn steps(
    tables: Vec<Spanned<StepTable>>,
    plugins: &[PluginSpec],
    line: impl Fn(Place) -> Option<usize>,
) -> Result<Vec<Step>, Fault> {
    let mut ids: HashMap<String, Place> = HashMap::new();
    let mut steps = Vec::with_capacity(tables.len());
    for (index, table) in tables.into_iter().enumerate() {
        let id = table.value.id.clone();
        if let Some(first) = ids.insert(id.value.clone(), id.place) {
            let first = line(first).map(|line| format!("the first is on line {line}"));
            return Err(Fault::new(format!("two steps have the id `{}`", Short(&id)))
                .at(id.place)
                .label("the second")
                .maybe_help(first));
        }
        let step = has_an_end(&table.value, plugins).and_then(|()| step(table.value)).map_err(|fault| {
            let fault = fault.at(table.place).within(Segment::Index(index));
            fault.within(Segment::Key("steps".into()))
        })?;
        steps.push(step);
    }
    Ok(steps)
}

/// A plugin whose calls nobody interrupts has no step whose calls somebody does.
fn has_an_end(table: &StepTable, plugins: &[PluginSpec]) -> Result<(), Fault> {
    let time = table.limits.as_ref().and_then(|limits| limits.time.as_ref());
    let (Some(time), Some(uses)) = (time, &table.r#use) else { return Ok(()) };
    let plugin = uses.rsplit_once('/').map_or("", |(plugin, _)| plugin);
    match plugins.iter().find(|spec| spec.endless && *spec.name == plugin) {
        None => Ok(()),
        Some(_) => Err(Fault::new(format!("the time limit of the plugin `{}` is off", Short(plugin)))
            .at(time.place)
            .help("leave it out here, or there")),
    }
}

fn step(mut table: StepTable) -> Result<Step, Fault> {
    if !is_name(&table.id) {
        let fault = Fault::new(format!("`{}` cannot be a step's id", Short(&table.id))).at(table.id.place);
        return Err(fault.help("an id has letters, digits, `_` and `-`"));
    }
    only_action(&table)?;
    Ok(Step {
        id: table.id.clone(),
        from: from(&table)?,
        batch_rows: table.batch_rows.map(positive).transpose()?,
        batch_bytes: table.batch_bytes.map(positive).transpose()?,
        dataset: table.dataset.clone().map(dataset_name).transpose()?,
        cache: table.cache.as_ref().map(|cache| cache.value),
        limits: table.limits.take().map(|limits| limits::limits(limits.value)).transpose()?.unwrap_or_default(),
        on_error: table.on_error.as_ref().map(|on_error| on_error.value),
        retries: table.retries.take().map(limits::retries).transpose()?,
        action: action(table)?,
    })
}

/// Whether a text can be an id, or the name of a branch or parameter.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// The names in `from`, as many as the action takes. Whose they are is the graph's question.
fn from(table: &StepTable) -> Result<Vec<Spanned<String>>, Fault> {
    let concat = table.concat.as_ref().map(|concat| ("concat", concat.place));
    let several = concat.or(table.join.as_ref().map(|join| ("join", join.place)));
    let Some(written) = &table.from else {
        let Some((key, place)) = several else { return Ok(Vec::new()) };
        let fault = Fault::new(format!("`{key}` does not say whose rows")).at(place);
        return Err(fault.help("name two or more steps, as in `from: [a, b]`"));
    };
    let names = match &written.value {
        TextOr::Text(name) => vec![Spanned::new(name.clone(), written.place)],
        TextOr::More(names) => names.0.clone(),
    };
    let fault = |message: String| Fault::new(message).at(written.place);
    match (several, names.as_slice()) {
        _ if table.source.is_some() => {
            Err(fault("a source takes no rows from other steps".into()).help("leave out `from`"))
        }
        (_, []) => Err(fault("no step is named".into()).help("leave out `from` for the step before")),
        (Some((key, _)), [_]) => Err(fault(format!("`{key}` takes the rows of two or more steps, and this is one"))),
        (None, [_, second, ..]) => Err(Fault::new("it takes the rows of one step")
            .at(second.place)
            .label("a second step")
            .help("put them together first, by a step with `concat` or `join`")),
        _ => Ok(names),
    }
}

fn dataset_name(name: Spanned<String>) -> Result<Spanned<String>, Fault> {
    /// File systems take 255 bytes.
    const LONGEST: usize = 200;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if name.is_empty() || matches!(name.as_str(), "." | "..") || name.len() > LONGEST || !name.bytes().all(fits) {
        let fault = Fault::new(format!("`{}` cannot be a data set's name", Short(&name))).at(name.place);
        return Err(fault.help(format!("a name has letters, digits, `_`, `-` and `.`, {LONGEST} at most")));
    }
    Ok(name)
}

fn dataset(written: Spanned<TextOr<DatasetTable>>) -> Result<DatasetSpec, Fault> {
    let table = match written.value {
        TextOr::More(table) => table,
        TextOr::Text(folder) => {
            let folder = Spanned::new(folder, written.place);
            DatasetTable { folder, format: None, test: None, seed: None, card: None }
        }
    };
    if table.folder.is_empty() {
        return Err(Fault::new("the folder has no name").at(table.folder.place));
    }
    if let Some(test) = table.test.as_ref().filter(|test| !(test.value > 0.0 && test.value < 1.0)) {
        let fault = Fault::new("must be more than 0 and less than 1").at(test.place);
        return Err(fault.help("`test: 0.1` is a tenth of the rows; leave it out for none"));
    }
    if let Some(format) = table.format.as_ref() {
        to_write(format)?;
    }
    Ok(DatasetSpec {
        folder: table.folder,
        format: table.format.map_or(Format::Parquet, |format| format.value),
        test: table.test.map(|test| test.value),
        seed: table.seed.unwrap_or_default(),
        card: table.card.unwrap_or(true),
    })
}

fn to_write(format: &Spanned<Format>) -> Result<(), Fault> {
    match format.value {
        Format::Files => Err(Fault::new("`files` can be read, not written").at(format.place)),
        _ => Ok(()),
    }
}

/// One action and no more, and nothing beside it that belongs to another.
fn only_action(table: &StepTable) -> Result<(), Fault> {
    let mut actions = table.actions();
    let all = || ACTIONS.map(|action| format!("`{action}`")).join(", ");
    actions.sort_by_key(|(_, place)| (place.source, place.start));
    match actions[..] {
        [] => Err(Fault::new("the step does nothing").at(table.id.place).help(format!("give it one of {}", all()))),
        [("use", _)] => Ok(()),
        [(key, _)] => {
            let with = table.with.as_ref().map(|with| ("with", with.place));
            let columns = table.columns.as_ref().map(|columns| ("columns", columns.place));
            let outputs = table.outputs.as_ref().map(|outputs| ("outputs", outputs.place));
            let cache = table.cache.as_ref().map(|cache| ("cache", cache.place));
            let limits = table.limits.as_ref().map(|limits| ("limits", limits.place));
            let on_error = table.on_error.as_ref().map(|on_error| ("on-error", on_error.place));
            let retries = table.retries.as_ref().map(|retries| ("retries", retries.place));
            match with.or(columns).or(outputs).or(cache).or(limits).or(on_error).or(retries) {
                Some((stray, place)) => {
                    Err(Fault::new(format!("`{stray}` goes with `use`, not with `{key}`")).at(place))
                }
                None => Ok(()),
            }
        }
        [(first, _), (second, place), ..] => {
            Err(Fault::new(format!("the step has two actions, `{first}` and `{second}`"))
                .at(place)
                .label("the second action")
                .help("make a step of each"))
        }
    }
}

fn action(table: StepTable) -> Result<Action, Fault> {
    if let Some(written) = table.source {
        return Ok(Action::Source(source(written)?));
    }
    if let Some(uses) = table.r#use {
        let with = table.with.map(|with| with.value).unwrap_or_default();
        let names = |names: Option<Spanned<Names>>| names.map(|names| names.value).unwrap_or_default();
        let (plugin, step) = plugin_and_step(&uses)?;
        return Ok(Action::Use(UseSpec {
            uses,
            plugin,
            step,
            with,
            columns: names(table.columns),
            outputs: names(table.outputs),
        }));
    }
    if let Some(expression) = table.r#where {
        return Ok(Action::Where(expression));
    }
    if let Some(columns) = table.compute {
        return filled(columns.place, columns.value.is_empty()).map(|()| Action::Compute(columns.value));
    }
    if let Some(columns) = table.select {
        filled(columns.place, columns.value.is_empty())?;
        return distinct(&columns).map(|()| Action::Select(columns.value));
    }
    if let Some(columns) = table.drop {
        filled(columns.place, columns.value.is_empty())?;
        return distinct(&columns).map(|()| Action::Drop(columns.value));
    }
    if let Some(columns) = table.rename {
        return filled(columns.place, columns.value.is_empty()).map(|()| Action::Rename(columns.value));
    }
    if let Some(written) = table.route {
        return route(written).map(Action::Route);
    }
    if let Some(order) = table.concat {
        return Ok(Action::Concat(order.value));
    }
    if let Some(kind) = table.join {
        return Ok(Action::Join(kind.value));
    }
    match table.sink {
        Some(written) => Ok(Action::Sink(sink(written)?)),
        None => Err(Fault::new("the step does nothing")),
    }
}

fn filled(place: Place, empty: bool) -> Result<(), Fault> {
    if empty { Err(Fault::new("no column is named").at(place)) } else { Ok(()) }
}

fn distinct(columns: &[Spanned<String>]) -> Result<(), Fault> {
    let mut seen = std::collections::HashSet::new();
    match columns.iter().find(|column| !seen.insert(column.as_str())) {
        Some(twice) => Err(Fault::new(format!("the column `{twice}` stands twice")).at(twice.place)),
        None => Ok(()),
    }
}

fn positive(number: Spanned<usize>) -> Result<usize, Fault> {
    if *number == 0 { Err(Fault::new("must be 1 or more").at(number.place)) } else { Ok(number.value) }
}

fn plugin_and_step(uses: &Spanned<String>) -> Result<(Spanned<String>, Spanned<String>), Fault> {
    let fault = |message: String, help: String| Err(Fault::new(message).at(uses.place).help(help));
    match uses.rsplit_once('/') {
        Some((plugin, step)) if step.ends_with(".wasm") => fault(
            format!("`{plugin}/{step}` names a plugin but no step of it"),
            format!("write `{plugin}/{step}/STEP`"),
        ),
        Some((plugin, step)) if !plugin.is_empty() && !step.is_empty() => {
            Ok((Spanned::new(plugin.into(), uses.place), Spanned::new(step.into(), uses.place)))
        }
        _ => fault(
            format!("`{}` does not name a plugin and a step", Short(uses)),
            "write PLUGIN/STEP, as in `text/normalise` or `./quality.wasm/gopher`".into(),
        ),
    }
}

fn source(written: Spanned<TextOr<SourceTable>>) -> Result<SourceSpec, Fault> {
    let whole = written.place;
    let table = match written.value {
        TextOr::Text(path) => {
            SourceTable { path: Some(Spanned::new(TextOr::Text(path), whole)), ..SourceTable::default() }
        }
        TextOr::More(table) => table,
    };
    let (paths, format) = paths_and_format(&table, whole)?;
    rows_alone(&table)?;
    let spec = SourceSpec {
        format,
        types: table.types.map(|types| types.value).unwrap_or_default(),
        sample_rows: table.sample_rows.map(positive).transpose()?,
        csv: CsvSpec {
            delimiter: table.delimiter.as_ref().map(delimiter).transpose()?,
            header: table.header.as_ref().is_none_or(|header| header.value),
        },
        capture: table.capture,
        rows: table.rows.map(|rows| Spanned::new(rows.value.into_iter().map(Value::Object).collect(), rows.place)),
        paths,
    };
    if let (Some(capture), Some(format)) = (&spec.capture, spec.only_format())
        && format != Format::Files
    {
        return Err(Fault::new(format!("`capture` goes with `files`, not with `{format}`")).at(capture.place));
    }
    let csv = table.delimiter.map(|d| ("delimiter", d.place)).or(table.header.map(|h| ("header", h.place)));
    if let (Some((key, place)), Some(format)) = (csv, spec.only_format())
        && format != Format::Csv
    {
        return Err(Fault::new(format!("`{key}` goes with `csv`, not with `{format}`")).at(place));
    }
    standard_stream(&spec.paths, spec.format)?;
    Ok(spec)
}

impl SourceSpec {
    /// The format that all paths have, where that is known before a glob is looked up.
    fn only_format(&self) -> Option<Format> {
        let mut formats = self.paths.iter().map(|path| self.format_of(path));
        let first = formats.next()??;
        formats.all(|format| format == Some(first)).then_some(first)
    }
}

fn paths_and_format(table: &SourceTable, whole: Place) -> Result<(Vec<Spanned<String>>, Option<Format>), Fault> {
    let given = [
        (&table.path, table.format.as_ref().map(|format| format.value)),
        (&table.files, Some(Format::Files)),
        (&table.jsonl, Some(Format::Jsonl)),
        (&table.csv, Some(Format::Csv)),
        (&table.parquet, Some(Format::Parquet)),
        (&table.arrow, Some(Format::Arrow)),
    ];
    let mut given =
        PATH_KEYS.into_iter().zip(given).filter_map(|(key, (paths, format))| Some((key, paths.as_ref()?, format)));
    let rows = table.rows.as_ref().map(|rows| rows.place);
    let Some((key, paths, format)) = given.next() else {
        if rows.is_some() {
            return Ok((Vec::new(), None));
        }
        let keys = PATH_KEYS.map(|key| format!("`{key}`")).join(", ");
        return Err(Fault::new("the source has no path").at(whole).help(format!("give it one of {keys}")));
    };
    let second = given.next().map(|(second, paths, _)| (second, paths.place)).or(rows.map(|rows| ("rows", rows)));
    if let Some((second, place)) = second {
        return Err(Fault::new(format!("the source has two paths, `{key}` and `{second}`")).at(place));
    }
    if let (Some(written), true) = (&table.format, key != "path")
        && Some(written.value) != format
    {
        return Err(Fault::new(format!("`{key}` says the format, and `format` another")).at(written.place));
    }
    Ok((list(paths)?, format))
}

/// Beside `rows` only their types make sense.
fn rows_alone(table: &SourceTable) -> Result<(), Fault> {
    let Some(rows) = &table.rows else { return Ok(()) };
    let stray = table.format.as_ref().map(|format| ("format", format.place));
    let stray = stray.or(table.sample_rows.as_ref().map(|sample| ("sample-rows", sample.place)));
    let stray = stray.or(table.delimiter.as_ref().map(|delimiter| ("delimiter", delimiter.place)));
    let stray = stray.or(table.header.as_ref().map(|header| ("header", header.place)));
    if let Some((key, place)) = stray.or(table.capture.as_ref().map(|capture| ("capture", capture.place))) {
        return Err(Fault::new(format!("`{key}` goes with files, not with `rows`")).at(place));
    }
    if rows.is_empty() && table.types.as_ref().is_none_or(|types| types.is_empty()) {
        let fault = Fault::new("`rows` is empty").at(rows.place);
        return Err(fault.help("give it a row, or `types:` to say what columns a source without rows has"));
    }
    Ok(())
}

fn list(paths: &Spanned<Paths>) -> Result<Vec<Spanned<String>>, Fault> {
    let list = match &paths.value {
        TextOr::Text(path) => vec![Spanned::new(path.clone(), paths.place)],
        TextOr::More(list) if list.is_empty() => return Err(Fault::new("no path is named").at(paths.place)),
        TextOr::More(list) => list.clone(),
    };
    list.iter().try_for_each(not_empty).map(|()| list)
}

fn not_empty(path: &Spanned<String>) -> Result<(), Fault> {
    if path.is_empty() { Err(Fault::new("the path is empty").at(path.place)) } else { Ok(()) }
}

/// A stream has no extension to tell its format by.
fn standard_stream<'a>(
    paths: impl IntoIterator<Item = &'a Spanned<String>>,
    format: Option<Format>,
) -> Result<(), Fault> {
    match paths.into_iter().find(|path| path.value == "-").filter(|_| format.is_none()) {
        Some(path) => {
            Err(Fault::new("`-` needs a format").at(path.place).help("write `{ path: \"-\", format: jsonl }`"))
        }
        None => Ok(()),
    }
}

fn delimiter(text: &Spanned<String>) -> Result<u8, Fault> {
    match text.as_bytes() {
        b"\\t" | b"tab" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | b'"') => Ok(*byte),
        _ => Err(Fault::new(format!("`{}` cannot be a delimiter", Short(text)))
            .at(text.place)
            .help("a delimiter is one ASCII character, as in `;` or `\"\\t\"`")),
    }
}

fn sink(written: Spanned<TextOr<SinkTable>>) -> Result<SinkSpec, Fault> {
    let (path, format, compression) = match written.value {
        TextOr::Text(path) => (Spanned::new(path, written.place), None, None),
        TextOr::More(table) => (table.path, table.format, table.compression),
    };
    not_empty(&path)?;
    format.as_ref().map_or(Ok(()), to_write)?;
    let spec = SinkSpec {
        path,
        format: format.map(|format| format.value),
        compression: compression.map(|compression| compression.value),
    };
    if spec.path.value == "-" {
        standard_stream([&spec.path], spec.format)?;
    } else if spec.format().is_none() {
        let known = "end it in .jsonl, .csv, .parquet or .arrow, or write `{ path: …, format: … }`";
        let fault = Fault::new(format!("the format of `{}` is not known", Short(&spec.path))).at(spec.path.place);
        return Err(fault.help(known));
    }
    Ok(spec)
}
