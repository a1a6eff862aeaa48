use std::fmt;

/// What a step answers.
pub type Result<T, E = Fault> = core::result::Result<T, E>;

/// Why a step cannot go on, and whose business that is.
///
/// A single row that cannot be worked on is no fault: [`Output::reject`](crate::Output::reject) it and go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The parameters or the columns' types are wrong: for the pipeline's author. Only from `open`.
    Params(String),
    /// This batch cannot be worked on.
    Data(String),
    /// The plugin itself failed.
    Plugin(String),
}

impl Fault {
    /// A fault of the parameters or the columns' types.
    pub fn params(message: impl Into<String>) -> Self {
        Self::Params(message.into())
    }

    /// A fault of this batch.
    pub fn data(message: impl Into<String>) -> Self {
        Self::Data(message.into())
    }

    /// A fault of the plugin.
    pub fn plugin(message: impl Into<String>) -> Self {
        Self::Plugin(message.into())
    }

    /// What went wrong, without whose fault it is.
    pub fn message(&self) -> &str {
        match self {
            Self::Params(message) | Self::Data(message) | Self::Plugin(message) => message,
        }
    }

    /// Parameters are settled once a step is open: what still complains of them then is the plugin.
    pub(crate) fn after_open(self) -> Self {
        match self {
            Self::Params(message) => Self::Plugin(message),
            other => other,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self {
            Self::Params(_) => "parameters",
            Self::Data(_) => "data",
            Self::Plugin(_) => "plugin",
        };
        write!(f, "{whose}: {}", self.message())
    }
}

impl std::error::Error for Fault {}

/// Errors of a value in the data become [`Fault::Data`], so that `?` works in `process`.
macro_rules! data_fault {
    ($($error:ty),+ $(,)?) => { $(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Data(error.to_string())
            }
        }
    )+ };
}

data_fault!(
    std::str::Utf8Error,
    std::string::FromUtf8Error,
    std::num::ParseIntError,
    std::num::ParseFloatError,
    std::num::TryFromIntError,
);

impl From<fmt::Error> for Fault {
    fn from(error: fmt::Error) -> Self {
        Self::Plugin(error.to_string())
    }
}
