//! The use cases of git-retro over its traits; what other services embed.
