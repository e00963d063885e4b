//! SST-2: sentences of film reviews, which are negative (0) or positive (1). A line has label, tab and text. BERT's vocabulary is
//! in the same folder.

use std::path::PathBuf;

use super::spec::Kind;
use super::text::{Sentence, Sentences, SpecialIds};
use super::word_piece::Vocabulary;
use super::{BatchRequest, ChannelStats, DatasetError, DatasetSpec, Split, lines};
use crate::data::{DataDirs, entry};

const VOCABULARY: &str = "bert-base-uncased-vocab.txt";
/// Longest file of sentences that is read, in bytes.
const LIMIT: u64 = 256 << 20;
/// Sentences of the development split.
const DEV: usize = 872;

pub(super) const SPEC: DatasetSpec = DatasetSpec {
    id: "sst2",
    title: "SST-2",
    // Token ids and attention mask of 50 tokens.
    shape: [2, 50, 1],
    classes: 2,
    images: [6_920, 1_821],
    standard: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    autodl: ChannelStats { mean: [0.0; 3], std: [1.0; 3] },
    rotation: 0.0,
    flexible: true,
    stand_in: false,
    source: "Socher et al. 2013, Recursive deep models for semantic compositionality over a sentiment treebank; Wang et al. \
             2018, GLUE, arXiv:1804.07461; sentences as in RBFleX-NAS's repository",
    licence: "none stated",
    kind: Kind::Text(open),
};

/// The sentences of one split.
struct Sst2 {
    path: PathBuf,
    official: usize,
    split: Split,
    lines: Vec<(u32, String)>,
    vocabulary: Vocabulary,
}

fn open(request: &BatchRequest, dirs: &DataDirs) -> Result<Box<dyn Sentences>, DatasetError> {
    let split = request.split;
    let (name, official) = match split {
        Split::Train => ("train.tsv", SPEC.images[0]),
        Split::Dev => ("dev.tsv", DEV),
        Split::Test => ("test.tsv", SPEC.images[1]),
    };
    let find = |name: &'static str| {
        entry(SPEC.id).file(name, dirs).ok_or_else(|| super::missing(&SPEC, split, SPEC.id, &[name], dirs))
    };
    let (path, vocabulary) = (find(name)?, find(VOCABULARY)?);
    let text = lines::read(&path, LIMIT)?;
    let parse = |(i, line): (usize, &str)| {
        sentence(line).map_err(|problem| DatasetError::BadLine { path: path.clone(), line: i + 1, problem })
    };
    let lines = text.lines().enumerate().map(parse).collect::<Result<Vec<_>, _>>()?;
    let vocabulary = Vocabulary::read(&vocabulary)?;
    Ok(Box::new(Sst2 { path, official, split, lines, vocabulary }))
}

/// Label and text of a line.
fn sentence(line: &str) -> Result<(u32, String), String> {
    let (label, text) = line.split_once('\t').ok_or("no tab between label and text")?;
    let label = match label {
        "0" => 0,
        "1" => 1,
        other => return Err(format!("label `{other}` is neither 0 nor 1")),
    };
    match text.trim().is_empty() || text.contains('\t') {
        true => Err("label, tab, and a text without tabs are needed".to_owned()),
        false => Ok((label, text.to_owned())),
    }
}

impl Sentences for Sst2 {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn sentence(&self, index: usize) -> Result<Sentence, DatasetError> {
        let Some((label, text)) = self.lines.get(index) else {
            let problem = format!("sentence {index} was asked of {}", self.lines.len());
            return Err(DatasetError::BadFile { path: self.path.clone(), problem });
        };
        Ok(Sentence { label: *label, tokens: self.vocabulary.encode(text)? })
    }

    fn special(&self) -> SpecialIds {
        self.vocabulary.special()
    }

    fn describe(&self) -> [String; 2] {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let sentences = format!("{} of {} sentences ({name})", self.lines.len(), self.official);
        [format!("{} {}, {sentences}", SPEC.title, self.split), self.vocabulary.describe()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_sentences_say_why() {
        assert_eq!(sentence("1\ta good film"), Ok((1, "a good film".to_owned())));
        for (line, says) in [
            ("a good film", "no tab"),
            ("2\ta good film", "neither 0 nor 1"),
            ("0\t ", "label, tab, and a text"),
            ("0\ta\tb", "label, tab, and a text"),
        ] {
            assert!(sentence(line).unwrap_err().contains(says), "{line}");
        }
    }
}
