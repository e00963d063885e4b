//! BERT's tokeniser (Devlin et al. 2019). It cleans the text, makes it lower case without accents, separates words and
//! punctuation, and splits words into the longest pieces that the vocabulary has (Wu et al. 2016).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tokenizers::Tokenizer;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

use super::DatasetError;
use super::text::SpecialIds;

/// Longest vocabulary file that is read, in bytes.
const LIMIT: u64 = 64 << 20;
const UNKNOWN: &str = "[UNK]";

/// A vocabulary and the tokeniser over it.
pub(super) struct Vocabulary {
    path: PathBuf,
    tokens: usize,
    special: SpecialIds,
    tokenizer: Tokenizer,
}

impl Vocabulary {
    /// Reads a vocabulary. It has one token per line, whose id is the number of the line from 0.
    ///
    /// # Errors
    /// A file that cannot be read, is cut off or holds a token twice, or lacks a special token.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let text = super::lines::read(path, LIMIT)?;
        let mut ids: HashMap<String, u32> = HashMap::new();
        for (line, token) in (1..).zip(text.lines()) {
            let problem = |problem: &str| DatasetError::BadLine {
                path: path.to_path_buf(),
                line,
                problem: format!("{problem} in a vocabulary of one token a line"),
            };
            if token.is_empty() {
                return Err(problem("an empty line"));
            }
            if ids.insert(token.to_owned(), line as u32 - 1).is_some() {
                return Err(problem(&format!("`{token}` comes a second time")));
            }
        }
        let id = |token: &str| {
            let problem = || format!("the vocabulary has no `{token}`, which BERT needs");
            ids.get(token)
                .copied()
                .ok_or_else(|| DatasetError::BadFile { path: path.to_path_buf(), problem: problem() })
        };
        let special = SpecialIds { cls: id("[CLS]")?, sep: id("[SEP]")?, pad: id("[PAD]")? };
        id(UNKNOWN)?;
        let tokens = ids.len();
        let tokenizer = tokenizer(&text).map_err(|problem| wrong(path, problem))?;
        Ok(Self { path: path.to_path_buf(), tokens, special, tokenizer })
    }

    /// Ids of a text's tokens, without special ones.
    ///
    /// # Errors
    /// The tokeniser's message.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, DatasetError> {
        let encoding = self.tokenizer.encode(text, false).map_err(|e| wrong(&self.path, e.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    pub fn special(&self) -> SpecialIds {
        self.special
    }

    /// A description for records.
    pub fn describe(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        format!("WordPiece ({name}, {} tokens)", self.tokens)
    }
}

fn wrong(path: &Path, problem: String) -> DatasetError {
    DatasetError::BadFile { path: path.to_path_buf(), problem }
}

fn tokenizer(vocabulary: &str) -> Result<Tokenizer, String> {
    let vocabulary = WordPiece::read_bytes(vocabulary.as_bytes()).map_err(|e| e.to_string())?;
    let model = WordPiece::builder().vocab(vocabulary).unk_token(UNKNOWN.to_owned()).build();
    let mut tokenizer = Tokenizer::new(model.map_err(|e| e.to_string())?);
    // Clean the text, separate Chinese characters, strip accents together with upper case, lower case.
    let normalizer = BertNormalizer::new(true, true, None, true);
    tokenizer.with_normalizer(Some(normalizer)).map_err(|e| e.to_string())?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    Ok(tokenizer)
}
