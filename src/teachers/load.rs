//! Loads teachers from files of weights.

use std::path::{Path, PathBuf};

use super::{TEACHERS, TeacherSpec, spec};
use crate::data::{DataDirs, entry};
use crate::formats::state_dict::{StateDict, StateDictError};
use crate::graph::{Graph, GraphError, Param, Weights, WrongLength};
use crate::spaces::NetworkInput;

/// A trained network.
#[derive(Clone, Debug)]
pub struct Teacher {
    pub spec: &'static TeacherSpec,
    pub path: PathBuf,
    pub graph: Graph,
    pub weights: Weights,
    /// Number of classes of its classifier.
    pub classes: usize,
}

/// Why there is no teacher.
#[derive(Debug, thiserror::Error)]
pub enum TeacherError {
    #[error("unknown teacher `{name}`; known: {known}, or the path of a file")]
    Unknown { name: String, known: String },
    #[error(
        "the weights of teacher `{name}` are not at hand (looked for {files} in {places} of {folders}); `untrained data fetch {data_id}` says how to get them"
    )]
    Missing { name: &'static str, files: String, places: String, folders: String, data_id: &'static str },
    #[error(transparent)]
    File(#[from] StateDictError),
    #[error("{}: {problem}", .path.display())]
    Wrong { path: PathBuf, problem: Mismatch },
    #[error("teacher `{name}`: {source}")]
    Graph { name: &'static str, source: GraphError },
}

/// How the tensors of a file differ from a network's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("it has no tensor `{0}`, which {1} needs; it holds another network")]
    Absent(String, &'static str),
    #[error("tensor `{name}` has shape {found:?}, {teacher} needs {expected:?}; it holds another network")]
    Shape { name: String, found: Vec<usize>, expected: Vec<usize>, teacher: &'static str },
    #[error("it has a tensor `{0}`, which {1} does not have; it holds another network")]
    Left(String, &'static str),
    #[error("tensor `{0}` holds numbers that are not finite; the file is damaged")]
    NotFinite(String),
    #[error("its tensors are those of no network that is known here ({0})")]
    Unrecognised(String),
    #[error(transparent)]
    Length(#[from] WrongLength),
}

impl Teacher {
    /// A teacher by its name, from the folder `weights` of the data folders, or from a file by its path.
    ///
    /// # Errors
    /// No such teacher or file, or a file that holds something else.
    pub fn find(name: &str, dirs: &DataDirs) -> Result<Self, TeacherError> {
        if let Some(spec) = spec(name) {
            let path = file_of(spec, dirs).ok_or_else(|| missing(spec, dirs))?;
            return Self::open(spec, &path);
        }
        let path = Path::new(name);
        if path.extension().is_none() && !path.exists() {
            return Err(TeacherError::Unknown { name: name.to_owned(), known: known() });
        }
        let tensors = read(path)?;
        // A file that fits a teacher but for damaged numbers, or for tensors too many, must not be called a file of another network.
        // Teachers are sorted by size, so the last that it fits otherwise is the one that it has the fewest tensors beside.
        let mut problem = Mismatch::Unrecognised(known());
        for spec in TEACHERS {
            match Self::of(spec, path, &tensors) {
                Err(TeacherError::Wrong {
                    problem: near @ (Mismatch::NotFinite(_) | Mismatch::Left(..)),
                    ..
                }) => problem = near,
                Err(_) => {}
                teacher => return teacher,
            }
        }
        Err(TeacherError::Wrong { path: path.to_path_buf(), problem })
    }

    /// The file that [`Teacher::find`] reads for the name of a teacher, if it exists.
    pub fn file(name: &str, dirs: &DataDirs) -> Option<PathBuf> {
        file_of(spec(name)?, dirs)
    }

    /// A teacher from a file.
    ///
    /// # Errors
    /// A file that cannot be read, or holds another network.
    pub fn open(spec: &'static TeacherSpec, path: &Path) -> Result<Self, TeacherError> {
        Self::of(spec, path, &read(path)?)
    }

    fn of(spec: &'static TeacherSpec, path: &Path, tensors: &StateDict) -> Result<Self, TeacherError> {
        let wrong = |problem| TeacherError::Wrong { path: path.to_path_buf(), problem };
        let classifier = spec.architecture.classifier();
        let classes = tensors.get(classifier).and_then(|t| t.shape.first().copied());
        let classes = classes.ok_or_else(|| wrong(Mismatch::Absent(classifier.to_owned(), spec.name)))?;
        let graph = spec.architecture.graph(NetworkInput { resolution: spec.resolution, classes });
        let graph = graph.map_err(|source| TeacherError::Graph { name: spec.name, source })?;
        let weights = Weights::from_values(&graph, |param| values(spec, tensors, param)).map_err(wrong)?;
        let ours = |name: &str| graph.params().iter().any(|p| p.name == name);
        match tensors.names().find(|name| !name.ends_with(".num_batches_tracked") && !ours(name)) {
            Some(left) => Err(wrong(Mismatch::Left(left.to_owned(), spec.name))),
            None => Ok(Self { spec, path: path.to_path_buf(), graph, weights, classes }),
        }
    }
}

fn read(path: &Path) -> Result<StateDict, TeacherError> {
    Ok(StateDict::read(path)?.without_wrappers())
}

fn values(spec: &TeacherSpec, tensors: &StateDict, param: &Param) -> Result<Vec<f32>, Mismatch> {
    let found = tensors.get(&param.name);
    let tensor = found.ok_or_else(|| Mismatch::Absent(param.name.clone(), spec.name))?;
    if tensor.shape != param.shape {
        return Err(Mismatch::Shape {
            name: param.name.clone(),
            found: tensor.shape.clone(),
            expected: param.shape.clone(),
            teacher: spec.name,
        });
    }
    match tensor.values.iter().all(|x| x.is_finite()) {
        true => Ok(tensor.values.clone()),
        false => Err(Mismatch::NotFinite(param.name.clone())),
    }
}

/// The preferred file of a teacher.
fn file_of(spec: &TeacherSpec, dirs: &DataDirs) -> Option<PathBuf> {
    spec.files.iter().find_map(|(id, name)| entry(id).file(name, dirs))
}

fn missing(spec: &'static TeacherSpec, dirs: &DataDirs) -> TeacherError {
    let (id, file) = spec.files[0];
    let also = entry(id).files.iter().filter(|listed| listed.name == file).flat_map(|listed| &listed.also);
    let files = std::iter::once(file).chain(also.map(String::as_str)).collect::<Vec<_>>().join(", ");
    TeacherError::Missing {
        name: spec.name,
        files,
        places: entry(id).places_in_words(),
        folders: dirs.words(", ", "no folder"),
        data_id: id,
    }
}

fn known() -> String {
    TEACHERS.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A safetensors file of one f32 tensor.
    fn file(dir: &Path, name: &str, tensor: &str, shape: &[usize]) {
        let count: usize = shape.iter().product();
        let header =
            format!(r#"{{"{tensor}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[0,{}]}}}}"#, 4 * count);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + 4 * count, 0);
        std::fs::create_dir_all(dir.join("weights")).unwrap();
        std::fs::write(dir.join("weights").join(name), bytes).unwrap();
    }

    #[test]
    fn a_missing_file_and_another_network_are_said() {
        let dir = tempfile::tempdir().unwrap();
        let dirs = DataDirs::only(dir.path());
        let error = |name: &str| Teacher::find(name, &dirs).unwrap_err().to_string();
        assert!(error("resnet19").contains("known: cifar10_resnet20"), "{}", error("resnet19"));
        assert!(
            error("resnet50").contains("resnet50.pth, resnet50.pt, resnet50.th, resnet50-*"),
            "{}",
            error("resnet50")
        );
        file(dir.path(), "resnet50-0676ba61.pth", "fc.bias", &[10]);
        assert!(error("resnet50").contains("no tensor `fc.weight`"), "{}", error("resnet50"));
        file(dir.path(), "resnet50.safetensors", "fc.weight", &[10, 512]);
        assert!(error("resnet50").contains("no tensor `conv1.weight`"), "{}", error("resnet50"));
        let path = dir.path().join("weights/resnet50.safetensors");
        assert!(error(path.to_str().unwrap()).contains("no network that is known"), "{path:?}");
    }

    /// The weights of CIFAR-10's ResNet-20, all of them 0.5, with `prefix` in front of the names.
    fn resnet20(dir: &Path, prefix: &str, change: impl Fn(&str, &mut Vec<f32>), more: &[&str]) -> PathBuf {
        let graph = TEACHERS[0].architecture.graph(NetworkInput { resolution: 32, classes: 10 }).unwrap();
        let of_graph = graph.params().iter().map(|param| (param.name.clone(), param.shape.clone()));
        let tensors = of_graph.chain(more.iter().map(|name| ((*name).to_owned(), vec![1])));
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
            .map(|(name, shape)| {
                let mut values = vec![0.5; shape.iter().product()];
                change(&name, &mut values);
                (
                    format!("{prefix}{name}"),
                    shape,
                    values.iter().flat_map(|x: &f32| x.to_le_bytes()).collect(),
                )
            })
            .collect();
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (
                name,
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap(),
            )
        });
        let path = dir.join("weights.safetensors");
        std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
        path
    }

    #[test]
    fn wrapped_weights_are_read_and_a_nan_or_a_tensor_too_many_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let find = |path: PathBuf| Teacher::find(path.to_str().unwrap(), &DataDirs::only(dir.path()));
        for prefix in ["", "module.", "_orig_mod.", "_orig_mod.module."] {
            let teacher = find(resnet20(dir.path(), prefix, |_, _| {}, &[])).unwrap();
            assert_eq!((teacher.spec.name, teacher.classes), ("cifar10_resnet20", 10), "{prefix}");
        }
        let damaged = |name: &str, values: &mut Vec<f32>| {
            if name == "layer1.0.conv1.weight" {
                values[3] = f32::NAN;
            }
        };
        let error = find(resnet20(dir.path(), "module.", damaged, &[])).unwrap_err().to_string();
        assert!(error.contains("`layer1.0.conv1.weight` holds numbers that are not finite"), "{error}");
        let error = find(resnet20(dir.path(), "", |_, _| {}, &["ema.decay"])).unwrap_err().to_string();
        assert!(
            error.contains("it has a tensor `ema.decay`, which cifar10_resnet20 does not have"),
            "{error}"
        );
    }
}
