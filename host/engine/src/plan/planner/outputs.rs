//! What is written: by sinks, and by the leaves that are data sets.

use super::*;

impl Planner<'_> {
    pub(super) fn sink(&mut self, at: usize, step: &Step, input: &Stream, spec: &SinkSpec) -> Result<Vec<Stream>> {
        let path = &spec.path;
        if spec.format().is_none() {
            let message = format!("step `{}`: no format goes by the name of `{}`", *step.id, path.value);
            let help = "name it `.jsonl`, `.csv`, `.parquet` or `.arrow`, or say `format:`";
            return Err(self.fail(path.place, message, help).into());
        }
        let schema = visible_schema(&input.schema);
        let options = SinkOptions {
            path: path.value.clone().into(),
            format: spec.format(),
            compression: spec.compression,
            partial: None,
        };
        sink::check(&options, &schema).map_err(|error| {
            self.fail(path.place, format!("step `{}`: {}", *step.id, error.message), error.help.unwrap_or_default())
        })?;
        self.own_path(path, &step.id.value)?;
        let output =
            Output { name: step.id.value.clone(), step: Some(at), split: None, options, schema, is_leaf: true };
        let stream = self.write(Some(at), at, input, output);
        self.done(at, &stream.schema, Done::new("sink", path.value.clone()));
        Ok(vec![stream])
    }

    /// No file is written by two.
    pub(super) fn own_path(&mut self, path: &Spanned<String>, name: &str) -> Result<()> {
        if path.value == "-" && self.outputs.iter().all(|output| output.options.path != *"-") {
            return Ok(());
        }
        match self.paths.insert(real_path(Path::new(&path.value)), name.to_owned()) {
            None if path.value != "-" => Ok(()),
            _ => {
                let message = format!("step `{name}`: another step writes `{}`", path.value);
                Err(self.fail(path.place, message, "choose another path").into())
            }
        }
    }

    /// Encodes rows and leads them to a stage that writes them.
    pub(super) fn write(&mut self, step: Option<usize>, at: usize, input: &Stream, output: Output) -> Stream {
        let number = self.outputs.len();
        let columns = visible(&input.schema).map(|columns| (columns, output.schema.clone()));
        self.outputs.push(output);
        let stage = self.stage(StageKind::Sink(number), step);
        let exit = self.exit(input.segment, stage);
        let work = Work::Sink { exit, output: number, columns, is_counted: step.is_some() };
        self.put(at, input, work, input.schema.clone(), input.makers.clone())
    }

    /// What nothing comes after is written to the data set's folder, or was written by a sink.
    pub(super) fn leaves(&mut self) -> Result<()> {
        let pipeline = self.pipeline;
        let mut names: HashMap<String, String> = HashMap::new();
        for (at, step) in pipeline.steps.iter().enumerate() {
            for branch in 0..self.streams[at].len() {
                let is_sink = matches!(step.action, Action::Sink(_));
                if self.taken[at][branch] || is_sink {
                    continue;
                }
                let id = self.stream_id(at, branch);
                let Some(dataset) = &pipeline.dataset else { return Err(self.loose_end(step, &id).into()) };
                let own = step.dataset.as_ref().map(|name| name.value.clone());
                let name = own.unwrap_or_else(|| id.replace('.', "-"));
                if let Some(other) = names.insert(name.clone(), id.clone()) {
                    let message = format!("`{other}` and `{id}` are both the data set `{name}`");
                    let place = step.dataset.as_ref().map_or(step.id.place, |name| name.place);
                    return Err(self.fail(place, message, "give one of them another name: `dataset: NAME`").into());
                }
                self.leaf(at, branch, name, dataset)?;
            }
        }
        self.check_sinks()
    }

    pub(super) fn loose_end(&self, step: &Step, id: &str) -> PipelineError {
        let message = format!("the rows of `{id}` would go nowhere");
        let help = "end with a step that has `sink:`, or name a folder for all such rows: `dataset: FOLDER`";
        self.fail(step.id.place, message, help)
    }

    /// Sinks that rows go on from are no leaves. A name of a data set on a sink is its name in reports.
    pub(super) fn check_sinks(&mut self) -> Result<()> {
        for at in 0..self.streams.len() {
            if let (Action::Sink(_), [true]) = (&self.pipeline.steps[at].action, &self.taken[at][..]) {
                let own = self.outputs.iter_mut().filter(|output| output.step == Some(at));
                own.for_each(|output| output.is_leaf = false);
            }
        }
        Ok(())
    }

    pub(super) fn leaf(&mut self, at: usize, branch: usize, name: String, dataset: &DatasetSpec) -> Result<()> {
        let stream = self.streams[at][branch].clone();
        let splits: Vec<(&'static str, Stream)> = match dataset.test {
            None => vec![("train", stream)],
            Some(share) => {
                let work = Work::Route(Route::Split { share, seed: dataset.seed });
                let split = self.put(at, &stream, work, stream.schema.clone(), stream.makers.clone());
                ["train", "test"].into_iter().zip(self.branches(&split, 2)).collect()
            }
        };
        for (split, stream) in splits {
            let folder = Path::new(&dataset.folder.value).join(&name);
            let path = folder.join(format!("{split}.{}", dataset.format)).to_string_lossy().into_owned();
            let schema = visible_schema(&stream.schema);
            let options = SinkOptions {
                path: path.clone().into(),
                format: Some(dataset.format),
                compression: None,
                partial: None,
            };
            sink::check(&options, &schema).map_err(|error| {
                let message = format!("data set `{name}`: {}", error.message);
                self.fail(dataset.folder.place, message, error.help.unwrap_or_default())
            })?;
            self.own_path(&Spanned::new(path, dataset.folder.place), &name)?;
            let output = Output { name: name.clone(), step: None, split: Some(split), options, schema, is_leaf: true };
            self.write(None, at, &stream, output);
        }
        Ok(())
    }
}
