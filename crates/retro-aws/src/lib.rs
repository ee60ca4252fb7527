//! git-retro's adapters for AWS. No other crate names the SDK.
