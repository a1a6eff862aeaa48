//! YAML text to a tree of nodes that know their place.
//!
//! A tree between the text and the types, so that `--set` can change a node and leave its neighbours' places alone. Scalars
//! keep their text, so that `id: 007` is `007` where text is wanted.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::fault::Fault;
use super::place::Place;

/// A node of the document.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Unquoted text, which may mean a number, a truth value or nothing.
    Plain(String),
    /// Text, whatever it looks like.
    Quoted(String),
    List(Vec<Node>),
    Table(Vec<(Key, Node)>),
}

/// A key of a table.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
}

/// Nodes in one document, aliases expanded: a thousand steps are some ten thousand.
const MAX_NODES: usize = 200_000;

/// Levels of lists and tables. Every later walk over the tree is recursive, so this bounds the stack.
pub(super) const MAX_DEPTH: usize = 64;

impl Node {
    /// The only document of a YAML text.
    pub(super) fn parse(source: u32, text: &str) -> Result<Self, Fault> {
        let nowhere = Place::new(source, 0..0);
        let empty = || Fault::new("the file is empty").at(nowhere).help("a pipeline has at least `steps:`");
        Self::parse_any(source, text)?.ok_or_else(empty)
    }

    /// The only document of a YAML text that may be empty.
    pub(super) fn parse_any(source: u32, text: &str) -> Result<Option<Self>, Fault> {
        let mut reader = Reader::new(source, text);
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| reader.syntax(&error))?;
            reader.event(event, span)?;
        }
        Ok(reader.root)
    }

    pub(super) fn table(&self) -> Option<&[(Key, Node)]> {
        if let Kind::Table(entries) = &self.kind { Some(entries) } else { None }
    }

    pub(super) fn list(&self) -> Option<&[Node]> {
        if let Kind::List(items) = &self.kind { Some(items) } else { None }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.table()?.iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Kind::Plain(text) | Kind::Quoted(text) = &self.kind { Some(text) } else { None }
    }

    fn count(&self) -> usize {
        1 + match &self.kind {
            Kind::List(items) => items.iter().map(Self::count).sum(),
            Kind::Table(entries) => entries.iter().map(|(_, node)| node.count()).sum(),
            Kind::Plain(_) | Kind::Quoted(_) => 0,
        }
    }
}

/// Builds the tree from the parser's events.
struct Reader<'a> {
    source: u32,
    text: &'a str,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
}

/// A list or table whose end has not come.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<Key>,
    /// The keys of a table so far.
    keys: HashSet<String>,
}

impl<'a> Reader<'a> {
    fn new(source: u32, text: &'a str) -> Self {
        Self { source, text, open: Vec::new(), anchors: HashMap::new(), nodes: 0, documents: 0, root: None }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(..) => self.document(place),
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = is_text(tag.as_deref(), place)? || style != ScalarStyle::Plain;
                // The parser says `~` where nothing is written.
                let nothing = !quoted && place.range().is_empty();
                let text = if nothing { String::new() } else { text.into_owned() };
                self.leaf(Node { kind: if quoted { Kind::Quoted(text) } else { Kind::Plain(text) }, place }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => self.start(Kind::List(Vec::new()), place, anchor, tag.as_deref()),
            Event::MappingStart(_, anchor, tag) => self.start(Kind::Table(Vec::new()), place, anchor, tag.as_deref()),
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let node = node.clone();
                    self.nodes += node.count() - 1;
                    self.leaf(node, 0)
                }
                None => Err(Fault::new("an alias cannot stand within what it names").at(place)),
            },
            _ => Ok(()),
        }
    }

    fn document(&mut self, place: Place) -> Result<(), Fault> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Fault::new("a second YAML document").at(place).help("a file holds one: leave out `---`"));
        }
        Ok(())
    }

    fn start(&mut self, kind: Kind, place: Place, anchor: usize, tag: Option<&Tag>) -> Result<(), Fault> {
        is_text(tag, place)?;
        if self.open.len() == MAX_DEPTH {
            return Err(Fault::new(format!("more than {MAX_DEPTH} levels of nesting")).at(place));
        }
        if self.open.last().is_some_and(|open| matches!(open.node.kind, Kind::Table(_)) && open.key.is_none()) {
            return Err(Fault::new("a key must be text").at(place));
        }
        self.open.push(Open { node: Node { kind, place }, anchor, key: None, keys: HashSet::new() });
        Ok(())
    }

    fn end(&mut self, end: Place) -> Result<(), Fault> {
        let Some(Open { mut node, anchor, .. }) = self.open.pop() else { return Ok(()) };
        node.place = self.first_line(node.place.start, end.end);
        self.leaf(node, anchor)
    }

    /// A finished node takes its place in what is around it.
    fn leaf(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Fault::new(format!("more than {MAX_NODES} values")).at(node.place));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(open) => open.take(node)?,
        }
        Ok(())
    }

    fn place(&self, span: Span) -> Place {
        let start = self.byte(span.start.byte_offset());
        Place::new(self.source, start..self.byte(span.end.byte_offset()).max(start))
    }

    fn byte(&self, offset: Option<usize>) -> usize {
        floor_char_boundary(self.text, offset.unwrap_or(0))
    }

    /// What an error about a whole list or table underlines: no more than its first line.
    fn first_line(&self, start: u32, end: u32) -> Place {
        let range = start as usize..(end as usize).max(start as usize);
        let line = self.text.get(range.clone()).and_then(|text| text.lines().next()).unwrap_or_default().trim_end();
        Place::new(self.source, range.start..range.start + line.len())
    }

    fn syntax(&self, error: &ScanError) -> Fault {
        let at = self.byte(error.marker().byte_offset());
        let fault = Fault::new(format!("not YAML: {}", error.info())).at(Place::new(self.source, at..at));
        if error.info().contains("tab") { fault.help("YAML is indented with spaces, not tabs") } else { fault }
    }
}

impl Open {
    fn take(&mut self, node: Node) -> Result<(), Fault> {
        match &mut self.node.kind {
            Kind::List(items) => items.push(node),
            Kind::Table(entries) => match self.key.take() {
                Some(key) => entries.push((key, node)),
                None => self.key = Some(key(node, &mut self.keys)?),
            },
            Kind::Plain(_) | Kind::Quoted(_) => {}
        }
        Ok(())
    }
}

fn key(node: Node, keys: &mut HashSet<String>) -> Result<Key, Fault> {
    let (Kind::Plain(text) | Kind::Quoted(text)) = node.kind else {
        return Err(Fault::new("a key must be text").at(node.place));
    };
    if !keys.insert(text.clone()) {
        return Err(Fault::new(format!("the key `{text}` stands twice")).at(node.place).label("a second time"));
    }
    Ok(Key { text, place: node.place })
}

/// Whether a tag says that a scalar is text. Other tags would be left unread, so they are refused.
fn is_text(tag: Option<&Tag>, place: Place) -> Result<bool, Fault> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema_tag("str") || tag.suffix() == "!" || tag.parts() == ("", "!") => Ok(true),
        Some(tag) => Err(Fault::new(format!("the YAML tag `{}` means nothing here", tag.original())).at(place)),
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
