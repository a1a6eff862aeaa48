//! `plugins:` as written to what it means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::Spanned;
use super::super::fault::{Fault, Short};
use super::super::spec::{Action, ColumnsSpec, PluginSpec, Step};
use super::super::suggest::did_you_mean;
use super::super::written::{
    ColumnNames, FilesTable, Folder, GrantsTable, HttpTable, ListOr, ModelNames, PluginTable, Plugins, TextOr,
};
use super::limits::{PluginLimits, bytes, duration, plugin_limits};
use crate::capability::{EnvGrant, FolderGrant, Grants, HttpGrant, HttpHost, LogLevel};
use crate::pipeline::MODELS_HELP;

/// What a request over HTTP may take where nothing is said.
const RESPONSE_BYTES: usize = 16 << 20;
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// The largest answer that anybody can mean: it has to fit into a guest's memory.
const MAX_RESPONSE_BYTES: u64 = 4 << 30;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const LEVELS: [(&str, LogLevel); 4] =
    [("debug", LogLevel::Debug), ("info", LogLevel::Info), ("warn", LogLevel::Warn), ("error", LogLevel::Error)];

/// What is said of each plugin; `models` are those that there are.
pub(super) fn plugins(written: Plugins, models: &[&str]) -> Result<Vec<PluginSpec>, Fault> {
    let one = |(name, table): (Spanned<String>, Spanned<PluginTable>)| {
        let place = table.place;
        let named = name.clone();
        plugin(name, table.value, models)
            .map_err(|fault| fault.at(place).named(format_args!("plugin `{}`", Short(&named))))
    };
    written.into_iter().map(one).collect()
}

/// What is said of a plugin that no step uses is a slip, and a grant that nobody sees.
pub(super) fn are_used(plugins: &[PluginSpec], steps: &[Step]) -> Result<(), Fault> {
    let names = || {
        steps.iter().filter_map(|step| match &step.action {
            Action::Use(uses) => Some(uses.plugin.as_str()),
            _ => None,
        })
    };
    match plugins.iter().find(|plugin| !names().any(|name| *plugin.name == name)) {
        None => Ok(()),
        Some(plugin) => {
            let mut used: Vec<&str> = names().collect();
            used.sort_unstable();
            used.dedup();
            let help = did_you_mean(&plugin.name, "the steps use", used);
            let fault = Fault::new(format!("no step uses the plugin `{}`", Short(&plugin.name))).at(plugin.name.place);
            Err(fault.label("not used").maybe_help(help))
        }
    }
}

fn plugin(name: Spanned<String>, table: PluginTable, models: &[&str]) -> Result<PluginSpec, Fault> {
    let PluginLimits { limits, endless, load } = plugin_limits(table.limits.unwrap_or_default())?;
    let env = table.grants.as_ref().and_then(|grants| grants.env.clone()).unwrap_or_default();
    env.iter().try_for_each(variable)?;
    distinct(&env, "variable")?;
    let columns = table.columns.map(columns).transpose()?;
    let grants = table.grants.map(|table| grants(table, models)).transpose()?.unwrap_or_default();
    Ok(PluginSpec { name, grants, env, columns, limits, endless, load, pin: table.pin.unwrap_or(true) })
}

fn columns(written: Spanned<TextOr<ColumnNames>>) -> Result<ColumnsSpec, Fault> {
    match written.value {
        TextOr::Text(text) if text == "all" => Ok(ColumnsSpec::All),
        TextOr::Text(_) => {
            let fault = Fault::new("expected `all` or a list of columns").at(written.place);
            Err(fault.help("one column is a list too: `columns: [text]`"))
        }
        TextOr::More(ColumnNames(names)) => distinct(&names, "column").map(|()| ColumnsSpec::These(names)),
    }
}

fn grants(table: GrantsTable, models: &[&str]) -> Result<Grants, Fault> {
    Ok(Grants {
        log: table.log.as_ref().map_or(Ok(None), level)?,
        files: table.files.map(|files| folders(files.value)).transpose()?,
        http: table.http.map(|http| requests(http.value)).transpose()?,
        // Their values come later: nothing here looks at the environment.
        env: table.env.map(|_| EnvGrant::default()),
        clock: table.clock.unwrap_or(false),
        random: table.random.unwrap_or(false),
        llm: table.llm.map_or(Ok(None), |llm| model_names(llm, models))?,
        embedding: table.embedding.map_or(Ok(None), |embedding| model_names(embedding, models))?,
    })
}

/// Models by name; none, where none is granted.
fn model_names(written: Spanned<TextOr<ModelNames>>, models: &[&str]) -> Result<Option<Vec<String>>, Fault> {
    let place = written.place;
    let names = match written.value {
        TextOr::Text(text) if matches!(text.as_str(), "all" | "true") && models.is_empty() => {
            return Err(Fault::new("the pipeline declares no models").at(place).help(MODELS_HELP));
        }
        TextOr::Text(text) if matches!(text.as_str(), "all" | "true") => {
            return Ok(Some(models.iter().map(|name| (*name).to_owned()).collect()));
        }
        TextOr::Text(text) if text == "false" => return Ok(None),
        TextOr::Text(_) => {
            let fault = Fault::new("expected `all` or a list of models").at(place);
            return Err(fault.help("one model is a list too: `llm: [small]`"));
        }
        TextOr::More(ModelNames(names)) => names,
    };
    distinct(&names, "model")?;
    if let Some(unknown) = names.iter().find(|name| !models.contains(&name.as_str())) {
        let help = did_you_mean(unknown, "the models are", models.iter().copied());
        let fault = Fault::new(format!("there is no model `{}`", Short(unknown))).at(unknown.place);
        return Err(fault.maybe_help(help.or_else(|| Some(MODELS_HELP.to_owned()))));
    }
    Ok(Some(names.into_iter().map(|name| name.value).collect()))
}

fn level(written: &Spanned<String>) -> Result<Option<LogLevel>, Fault> {
    match written.as_str() {
        "true" => Ok(Some(LogLevel::Info)),
        "false" => Ok(None),
        text => match LEVELS.iter().find(|(name, _)| *name == text) {
            Some((_, level)) => Ok(Some(*level)),
            None => {
                let help = did_you_mean(text, "the levels are", LEVELS.map(|(name, _)| name));
                Err(Fault::new(format!("unknown level `{}`", Short(text))).at(written.place).maybe_help(help))
            }
        },
    }
}

fn folders(written: ListOr<Folder, FilesTable>) -> Result<Vec<FolderGrant>, Fault> {
    let (read, write) = match written {
        ListOr::List(read) => (read, Vec::new()),
        ListOr::Table(table) => (table.read, table.write),
    };
    let written = read.into_iter().map(|entry| (entry, false)).chain(write.into_iter().map(|entry| (entry, true)));
    let mut folders: Vec<FolderGrant> = Vec::new();
    for (entry, write) in written {
        let place = entry.place;
        let folder = folder(entry, write)?;
        if folders.iter().any(|earlier| earlier.name == folder.name) {
            let fault = Fault::new(format!("two folders have the name `{}`", Short(&folder.name))).at(place);
            return Err(fault
                .label("the second")
                .help("`write` includes reading; two folders are told apart by `{ path: …, as: NAME }`"));
        }
        folders.push(folder);
    }
    Ok(folders)
}

fn folder(written: Folder, write: bool) -> Result<FolderGrant, Fault> {
    let (path, name) = match written.value {
        TextOr::Text(path) => (Spanned::new(path, written.place), None),
        TextOr::More(table) => (table.path, table.r#as),
    };
    if path.is_empty() {
        return Err(Fault::new("the path is empty").at(path.place));
    }
    let name = match name {
        Some(name) => name,
        // Where it lies on this machine is nobody's business.
        None => match Path::new(&path.value).file_name() {
            Some(name) => Spanned::new(name.to_string_lossy().into_owned(), path.place),
            None => {
                let fault = Fault::new(format!("`{}` does not say what the plugin calls it", Short(&path)));
                return Err(fault.at(path.place).help("write `{ path: …, as: NAME }`"));
            }
        },
    };
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\\');
    if !name.split('/').all(is_plain) || name.chars().any(char::is_control) {
        let fault = Fault::new(format!("`{}` cannot be a folder's name for a plugin", Short(&name))).at(name.place);
        return Err(fault.help("a name is as in `lexicon` or `data/words`"));
    }
    Ok(FolderGrant { name: name.value, path: PathBuf::from(path.value), write })
}

fn requests(written: ListOr<Spanned<TextOr<HttpTable>>, HttpTable>) -> Result<Vec<HttpGrant>, Fault> {
    let entries = match written {
        ListOr::Table(table) => return http(table).map(|grant| vec![grant]),
        ListOr::List(entries) => entries,
    };
    let mut grants = Vec::new();
    let mut plain = Vec::new();
    for entry in entries {
        match entry.value {
            TextOr::Text(text) => plain.push(host(&Spanned::new(text, entry.place))?),
            TextOr::More(table) => grants.push(http(table)?),
        }
    }
    if !plain.is_empty() {
        grants.insert(
            0,
            HttpGrant {
                methods: vec!["GET".to_owned(), "HEAD".to_owned()],
                hosts: plain,
                private: false,
                response_bytes: RESPONSE_BYTES,
                time: REQUEST_TIME,
            },
        );
    }
    Ok(grants)
}

fn http(table: HttpTable) -> Result<HttpGrant, Fault> {
    if table.hosts.is_empty() {
        return Err(Fault::new("no host is named").at(table.hosts.place));
    }
    let methods = match table.methods {
        None => vec!["GET".to_owned(), "HEAD".to_owned()],
        Some(methods) if methods.is_empty() => return Err(Fault::new("no method is named").at(methods.place)),
        Some(methods) => methods.value.iter().map(method).collect::<Result<_, _>>()?,
    };
    let response = table.response.map(|size| bytes(&size, 1..=MAX_RESPONSE_BYTES)).transpose()?;
    let time = table.time.map(|time| duration(&time)).transpose()?;
    Ok(HttpGrant {
        methods,
        hosts: table.hosts.value.iter().map(host).collect::<Result<_, _>>()?,
        private: table.private.unwrap_or(false),
        response_bytes: response.unwrap_or(RESPONSE_BYTES),
        time: time.unwrap_or(REQUEST_TIME),
    })
}

fn method(written: &Spanned<String>) -> Result<String, Fault> {
    let method = written.to_ascii_uppercase();
    if METHODS.contains(&method.as_str()) {
        return Ok(method);
    }
    let help = did_you_mean(written, "the methods are", METHODS);
    Err(Fault::new(format!("unknown method `{}`", Short(written))).at(written.place).maybe_help(help))
}

fn host(written: &Spanned<String>) -> Result<HttpHost, Fault> {
    written.parse::<HttpHost>().map_err(|why| {
        let fault = Fault::new(why).at(written.place);
        fault.help("a host is as in `api.example.com`, `*.example.com`, `example.com:8443` or `http://localhost:8080`")
    })
}

fn variable(written: &Spanned<String>) -> Result<(), Fault> {
    match written.is_empty() || written.contains(['=', '\0']) {
        false => Ok(()),
        true => {
            let fault = Fault::new(format!("`{}` cannot be a variable's name", Short(written))).at(written.place);
            Err(fault.help("name variables of the environment, without their values"))
        }
    }
}

fn distinct(names: &[Spanned<String>], what: &str) -> Result<(), Fault> {
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(Fault::new(format!("the {what} `{}` stands twice", Short(twice))).at(twice.place)),
        None => Ok(()),
    }
}
