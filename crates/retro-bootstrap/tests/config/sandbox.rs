//! A repository and a user's folder to configure.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use retro_bootstrap::{ConfigError, ConfigInputs, FlagLayer, LoadedConfig, load};
use tempfile::TempDir;

pub(crate) struct Sandbox {
    dir: TempDir,
    pub(crate) env: BTreeMap<OsString, OsString>,
    pub(crate) flags: FlagLayer,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for folder in ["repo/.config", "user"] {
            std::fs::create_dir_all(dir.path().join(folder)).expect("a writable folder");
        }
        Self {
            dir,
            env: BTreeMap::new(),
            flags: FlagLayer::default(),
        }
    }

    /// A sandbox whose repository has this `retro.toml`.
    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        Self::new().file("repo/retro.toml", text)
    }

    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.dir.path().join(path), text).expect("a writable folder");
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn load(&self) -> Result<LoadedConfig, ConfigError> {
        self.load_file(None)
    }

    /// As with `--config`.
    pub(crate) fn load_file(&self, file: Option<&str>) -> Result<LoadedConfig, ConfigError> {
        let root = self.dir.path();
        load(&ConfigInputs {
            user_file: Some(root.join("user/config.toml")),
            repo_root: Some(&root.join("repo")),
            config_file: file.map(|file| root.join(file)),
            env: &self.env,
            flags: self.flags.clone(),
        })
    }

    /// The settings, where nothing is wrong.
    pub(crate) fn good(&self) -> LoadedConfig {
        self.load()
            .unwrap_or_else(|error| panic!("{}", error.report()))
    }

    /// The error, where something is wrong, without the name of the temporary folder.
    pub(crate) fn bad(&self) -> String {
        match self.load() {
            Ok(_) => panic!("nothing is wrong"),
            Err(error) => self.hide_root(&retro_bootstrap::Failure::from(error).render(false)),
        }
    }

    pub(crate) fn hide_root(&self, text: &str) -> String {
        text.replace(&*self.dir.path().to_string_lossy(), "/tmp")
    }
}
