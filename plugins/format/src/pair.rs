//! The best and the worst of several generations.

use crate::columns::{LISTS, Row, TextLists, floats, input, is_number, item_of, lists, text_lists};
use stillroom_sdk::*;

pub(crate) const GENERATIONS: Column = Column::required("generations", LISTS, "Lists of texts: the answers.");
pub(crate) const MODELS: Column =
    Column::optional("generation_models", LISTS, "Lists of texts: which model each answer is of.");
pub(crate) const RATINGS: Column = Column::required("ratings", LISTS, "Lists of numbers: how good each answer is.");

choices! {
    /// What becomes of a row whose ratings are all equal.
    pub enum OnTie {
        /// It is rejected.
        Reject,
        /// Its first generation is chosen and its last one rejected.
        FirstLast,
    }
}

/// The columns.
pub(crate) struct Pairs {
    generations: In<Any>,
    models: Option<In<Any>>,
    ratings: In<Any>,
    on_tie: OnTie,
}

/// One of two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Side<'a> {
    pub(crate) text: &'a str,
    pub(crate) model: Option<&'a str>,
    pub(crate) rating: f64,
}

impl Pairs {
    pub(crate) fn open(schema: &mut Schema, on_tie: OnTie) -> Result<Self> {
        let generations = text_lists(schema, GENERATIONS.name)?;
        let is_there = schema.field(MODELS.name).is_some();
        let models = if is_there { Some(text_lists(schema, MODELS.name)?) } else { None };
        let is_ratings = |data_type: &DataType| item_of(data_type).is_some_and(is_number);
        let ratings = input(schema, RATINGS.name, "a list of numbers", is_ratings)?;
        Ok(Self { generations, models, ratings, on_tie })
    }

    /// Whether the data says which models answered.
    pub(crate) fn has_models(&self) -> bool {
        self.models.is_some()
    }

    pub(crate) fn read<'a>(&self, batch: &'a Batch) -> Result<PairReader<'a>> {
        let texts = |column| TextLists::of(batch.column(column)?);
        let ratings = lists(batch.column(self.ratings)?)?;
        Ok(PairReader {
            generations: texts(self.generations)?,
            models: self.models.map(texts).transpose()?,
            ratings,
            numbers: floats(ratings.values())?,
            on_tie: self.on_tie,
        })
    }
}

/// The columns of a batch.
pub(crate) struct PairReader<'a> {
    generations: TextLists<'a>,
    models: Option<TextLists<'a>>,
    ratings: ListColumn<'a, Any>,
    numbers: Vec<Option<f64>>,
    on_tie: OnTie,
}

impl<'a> PairReader<'a> {
    /// The best and the worst. Of several that are equally good, or equally bad, the first.
    pub(crate) fn row(&self, row: usize) -> Row<[Side<'a>; 2]> {
        let all = self.sides(row)?;
        let sides: Vec<Side<'a>> = all.iter().flatten().copied().collect();
        let ([first, .., last], count) = (&*sides, sides.len()) else {
            return Err(format!(
                "{} of {} generations have a text and a rating; two are needed",
                sides.len(),
                all.len()
            ));
        };
        let best = sides.iter().fold(first, |best, side| if side.rating > best.rating { side } else { best });
        let worst = sides.iter().fold(first, |worst, side| if side.rating < worst.rating { side } else { worst });
        match self.on_tie {
            _ if best.rating > worst.rating => Ok([*best, *worst]),
            OnTie::FirstLast => Ok([*first, *last]),
            OnTie::Reject => Err(format!("all {count} ratings are {}", first.rating)),
        }
    }

    /// All generations; none where one has no text or no rating.
    fn sides(&self, row: usize) -> Row<Vec<Option<Side<'a>>>> {
        let generations = self.generations.get(row).ok_or("`generations` is null")?;
        let ratings = self.ratings.get(row).map(|range| &self.numbers[range]).ok_or("`ratings` is null")?;
        same("ratings", ratings.len(), generations.len())?;
        let models = self.models.and_then(|models| models.get(row));
        if let Some(models) = &models {
            same("generation_models", models.len(), generations.len())?;
        }
        let side = |(place, (text, rating)): (usize, (Option<&'a str>, &Option<f64>))| {
            let model = models.as_ref().and_then(|models| models[place]);
            Some(Side { text: text?, model, rating: (*rating)? })
        };
        Ok(generations.into_iter().zip(ratings).enumerate().map(side).collect())
    }
}

fn same(name: &str, length: usize, generations: usize) -> Row<()> {
    match length == generations {
        true => Ok(()),
        false => Err(format!("`{name}` has {length} items for {generations} generations")),
    }
}
