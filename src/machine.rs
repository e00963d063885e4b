//! What the operating system knows about the machine and this process. Names and memory are read on Linux only; elsewhere
//! they are not known.

/// The processor's name, from `/proc/cpuinfo`.
pub fn cpu_model() -> Option<String> {
    field(&std::fs::read_to_string("/proc/cpuinfo").ok()?, "model name").map(str::to_string)
}

/// Threads that the machine has for this process; 1 where that is not known.
pub fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The largest resident memory of this process in MiB (`VmHWM`), since it started or since the last successful
/// [`reset_peak_memory`].
pub fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = field(&status, "VmHWM")?.strip_suffix("kB")?;
    kib.trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// Starts the peak anew from the memory in use, and says whether the system allowed it.
pub fn reset_peak_memory() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// How often this process has touched a page of memory for the first time, from `/proc/self/stat` (`minflt`).
pub fn page_faults() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold blanks; `minflt` is the eighth field behind it.
    text.rsplit_once(')')?.1.split_whitespace().nth(7)?.parse().ok()
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.into_iter().find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmPeak:\t  900 kB\nVmHWM:\t   123 kB\nmodel name\t: A: B\n";
        assert_eq!(field(text, "VmHWM"), Some("123 kB"));
        assert_eq!(field(text, "model name"), Some("A: B"));
        assert_eq!(field(text, "Vm"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_covers_what_was_used() {
        let before = peak_memory_mib().unwrap();
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = peak_memory_mib().unwrap();
        assert!(page_faults().unwrap() > 0);
        assert!(after >= 64.0 && after >= before, "{before} {after} {}", block.len());
    }
}
