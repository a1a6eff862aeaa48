//! Stillroom's built-in steps with models that give numbers and not words: reward models, classifiers, rerankers.

pub mod classify;
mod model;
pub mod rerank;
pub mod reward;

stillroom_sdk::register!(reward::Reward, classify::Classify, rerank::Rerank);
