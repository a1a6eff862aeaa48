//! What a step may do beyond computing: each capability granted and not granted, and what it does not reach either way.

mod files;
mod grants;
mod http;
mod log;
mod pure;
mod server;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, StringArray};
use arrow_schema::{DataType, Field, Schema};
use stillroom::capability::{EnvGrant, Grants, LogLevel};
use stillroom::{CompileCache, Engine, EngineOptions, Limits, Plugin, PluginOptions, Result, Session};
use stillroom_tests::{engine, guest, root};

/// What `able` needs to be loaded at all, and nothing more: a file system without folders, no host, no variable.
fn least() -> Grants {
    let env = Some(EnvGrant::default());
    Grants { log: Some(LogLevel::Debug), files: Some(vec![]), http: Some(vec![]), env, ..Grants::default() }
}

fn load(engine: &Engine, name: &str, grants: Grants) -> Result<Plugin> {
    Plugin::load_file(engine, &guest(name), &PluginOptions { grants, ..PluginOptions::default() })
}

/// An engine whose instances have these limits.
fn limited(limits: Limits) -> Engine {
    let cache = CompileCache::Folder(root().join("target/tmp/compile-cache"));
    Engine::new(EngineOptions { threads: 1, cache, limits }).expect("the sandbox can be set up")
}

fn open(plugin: &Plugin, step: &str, column: &str) -> Session {
    let schema = Schema::new(vec![Field::new(column, DataType::Utf8, true)]);
    Session::open(plugin, step, "{}", &schema).expect("opens")
}

/// `able`, ready for commands.
struct Able(Session);

impl Able {
    fn with(grants: Grants) -> Self {
        Self::on(engine(1), grants)
    }

    fn on(engine: &Engine, grants: Grants) -> Self {
        Self(open(&load(engine, "able", grants).expect("loads"), "able", "command"))
    }

    fn try_all(&mut self, commands: &[&str]) -> Result<Vec<String>> {
        let column: ArrayRef = Arc::new(StringArray::from(commands.to_vec()));
        let answered = self.0.call(commands.len(), &[column])?;
        Ok(answered.columns[0].as_string::<i32>().iter().map(|text| text.expect("a text").to_owned()).collect())
    }

    fn all(&mut self, commands: &[&str]) -> Vec<String> {
        self.try_all(commands).expect("answers")
    }

    fn one(&mut self, command: &str) -> String {
        self.all(&[command]).remove(0)
    }

    /// What the host says of a call that ends the instance.
    fn fails(&mut self, command: &str) -> String {
        self.try_all(&[command]).map_err(|error| error.to_string()).expect_err(command)
    }
}
