//! Models that name other models.

use super::super::super::fault::{Fault, Short};
use super::super::super::model::Declared;
use super::super::super::suggest::did_you_mean;
use crate::model::spec::ModelKind;

/// Every name is another model's, that of a server, and no way comes back to where it began.
pub(super) fn check(models: &[Declared]) -> Result<(), Fault> {
    models.iter().try_for_each(|model| {
        others(model, models).map_err(|fault| fault.named(format_args!("model `{}`", Short(&model.name))))
    })?;
    models.iter().try_for_each(|model| circle(model, models, &mut vec![&model.spec.name]))
}

fn others(model: &Declared, models: &[Declared]) -> Result<(), Fault> {
    let is_mixture = |model: &Declared| matches!(model.spec.kind, ModelKind::Mixture(_));
    for (at, other) in model.others.iter().enumerate() {
        let Some(found) = models.iter().find(|found| found.spec.name == other.value) else {
            let names = models.iter().map(|one| one.spec.name.as_str()).filter(|name| *name != model.spec.name);
            let help = did_you_mean(other, "the other models are", names.collect::<Vec<_>>().iter().copied());
            let fault = Fault::new(format!("there is no model `{}`", Short(other))).at(other.place);
            return Err(fault.maybe_help(help));
        };
        let what = match (is_mixture(model), is_mixture(found)) {
            _ if found.spec.name == model.spec.name => "it names itself",
            _ if model.others[..at].contains(other) => "the model stands twice",
            (true, true) => "a mixture is of models that are no mixtures",
            (false, true) => "a fallback is a model that is no mixture",
            _ => continue,
        };
        return Err(Fault::new(what).at(other.place));
    }
    Ok(())
}

/// Mixtures name no mixtures, so a circle is one of fallbacks; `way` is how `model` was come to.
fn circle<'a>(model: &'a Declared, models: &'a [Declared], way: &mut Vec<&'a str>) -> Result<(), Fault> {
    for other in &model.others {
        if way.contains(&other.as_str()) {
            let names: Vec<String> =
                way.iter().copied().chain([other.as_str()]).map(|name| format!("`{name}`")).collect();
            let message = format!("the fallbacks go in a circle: {}", names.join(", "));
            return Err(Fault::new(message).at(other.place).help("let the last of them have none"));
        }
        if let Some(next) = models.iter().find(|next| next.spec.name == other.value) {
            way.push(&next.spec.name);
            circle(next, models, way)?;
            way.pop();
        }
    }
    Ok(())
}
