//! Stillroom's built-in sentence steps: texts that a language model writes, for training embedding models.
//!
//! All but `pair` are of Wang, Yang, Huang, Yang, Majumder, Wei 2024, *Improving Text Embeddings with Large Language Models*,
//! arXiv:2401.00368: a model first thinks of tasks (`tasks`), then writes examples of each (`retrieval`, `short-matching`,
//! `long-matching`, `classification`); triplets of known similarity (`triplets`, `bitext`) need no task. What an example is to
//! be like is drawn for each row, where the pipeline leaves it open. The prompts are our own.
//!
//! Every answer is a JSON object. One that lacks a text, or has the same one where two are to differ, is no answer.

pub mod classification;
mod draw;
mod examples;
pub mod matching;
pub mod options;
pub mod pair;
pub mod retrieval;
pub mod scored;
mod seeds;
pub mod tasks;
#[cfg(test)]
mod test_util;
mod texts;
pub mod triplets;

use stillroom_sdk::task::Asked;

stillroom_sdk::register!(
    Asked<pair::Pair>,
    Asked<tasks::Tasks>,
    Asked<retrieval::Retrieval>,
    Asked<matching::ShortMatching>,
    Asked<matching::LongMatching>,
    Asked<classification::Classification>,
    Asked<triplets::Triplets>,
    Asked<triplets::Bitext>,
);
