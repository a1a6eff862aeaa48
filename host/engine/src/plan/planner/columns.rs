//! Steps that are the host's own: expressions, and columns chosen, left out and renamed.

use super::*;

impl Planner<'_> {
    pub(super) fn filter(
        &mut self,
        at: usize,
        step: &Step,
        input: &Stream,
        text: &Spanned<String>,
    ) -> Result<Vec<Stream>> {
        let expression = self.condition(step, input, text)?;
        let reads = expression.columns().map(str::to_owned).collect();
        let stream = self.put(at, input, Work::Filter(expression), input.schema.clone(), input.makers.clone());
        self.done(at, &stream.schema, Done { reads, ..Done::new("where", text.value.clone()) });
        Ok(vec![stream])
    }

    pub(super) fn condition(&self, step: &Step, input: &Stream, text: &Spanned<String>) -> Result<Expression> {
        let expression = self.parse(step, text)?;
        let seen = visible_schema(&input.schema);
        expression.check_filter(&seen).map_err(|error| self.expression_error(step, text, error))?;
        Ok(expression)
    }

    pub(super) fn compute(
        &mut self,
        at: usize,
        step: &Step,
        input: &Stream,
        columns: &IndexMap<Spanned<String>, Spanned<String>>,
    ) -> Result<Vec<Stream>> {
        let (mut fields, mut makers) = (input.schema.fields().to_vec(), input.makers.clone());
        self.no_hidden(step, columns.keys().map(|name| name.value.as_str()))?;
        let (mut made, mut reads, mut makes) = (Vec::new(), Vec::new(), Vec::new());
        for (name, text) in columns {
            let (expression, data_type) = self.expression(step, input, text)?;
            reads.extend(expression.columns().map(str::to_owned));
            let field = Arc::new(Field::new(&name.value, data_type, true));
            makes.push(field_text(&field));
            let column = input.schema.index_of(name).unwrap_or(fields.len());
            if column < fields.len() {
                (fields[column], makers[column]) = (field, self.maker());
            } else {
                fields.push(field);
                makers.push(self.maker());
            }
            made.push((column, expression));
        }
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let stream = self.put(at, input, Work::Compute(made, schema.clone()), schema, makers);
        let uses = list(columns.keys().map(|name| name.value.clone()));
        self.done(at, &stream.schema, Done { reads, makes, ..Done::new("compute", uses) });
        Ok(vec![stream])
    }

    pub(super) fn select(
        &mut self,
        at: usize,
        step: &Step,
        input: &Stream,
        names: &[Spanned<String>],
    ) -> Result<Vec<Stream>> {
        let mut columns = names.iter().map(|name| self.column(step, input, name)).collect::<Result<Vec<_>>>()?;
        columns.extend((0..input.makers.len()).filter(|column| is_hidden(input.schema.field(*column).name())));
        self.project(at, input, "select", &columns, list(names.iter().map(|name| name.value.clone())))
    }

    pub(super) fn drop_columns(
        &mut self,
        at: usize,
        step: &Step,
        input: &Stream,
        names: &[Spanned<String>],
    ) -> Result<Vec<Stream>> {
        let dropped = names.iter().map(|name| self.column(step, input, name)).collect::<Result<Vec<_>>>()?;
        let kept: Vec<usize> = (0..input.makers.len()).filter(|column| !dropped.contains(column)).collect();
        self.project(at, input, "drop", &kept, list(names.iter().map(|name| name.value.clone())))
    }

    pub(super) fn rename(
        &mut self,
        at: usize,
        step: &Step,
        input: &Stream,
        names: &IndexMap<Spanned<String>, Spanned<String>>,
    ) -> Result<Vec<Stream>> {
        self.no_hidden(step, names.keys().map(|name| name.value.as_str()))?;
        let mut fields = input.schema.fields().to_vec();
        for (new, old) in names {
            let column = self.column(step, input, old)?;
            fields[column] = Arc::new(fields[column].as_ref().clone().with_name(&new.value));
        }
        for (new, _) in names {
            if fields.iter().filter(|field| *field.name() == new.value).count() > 1 {
                let message = format!("step `{}`: there is a column `{}` already", *step.id, new.value);
                return Err(self.fail(new.place, message, "choose another name, or drop that column first").into());
            }
        }
        let renamed = Stream { schema: Arc::new(Schema::new(fields)), ..input.clone() };
        let all: Vec<usize> = (0..renamed.makers.len()).collect();
        let uses = list(names.iter().map(|(new, old)| format!("{} <- {}", new.value, old.value)));
        self.project(at, &renamed, "rename", &all, uses)
    }

    pub(super) fn project(
        &mut self,
        at: usize,
        input: &Stream,
        kind: &'static str,
        columns: &[usize],
        uses: String,
    ) -> Result<Vec<Stream>> {
        let fields: Vec<_> = columns.iter().map(|column| input.schema.fields()[*column].clone()).collect();
        let makers = columns.iter().map(|column| input.makers[*column]).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let stream = self.put(at, input, Work::Project(columns.to_vec(), schema.clone()), schema, makers);
        self.done(at, &stream.schema, Done::new(kind, uses));
        Ok(vec![stream])
    }
}
