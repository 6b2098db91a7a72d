//! Names and what stands for them: the same for the same, letters for letters and digits for digits.

use std::collections::{BTreeMap, HashMap, HashSet};

use oom_filter::kernel;

/// What is replaced, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A machine's name.
    Host,
    /// A process's name.
    Process,
    /// A component of a cgroup's path, or a name of Kubernetes, that somebody chose.
    Cgroup,
    /// A pod's UID, a container's id, the id of a machine or a boot.
    Id,
    /// An IP or MAC address.
    Address,
    /// An e-mail address.
    Mail,
}

impl Kind {
    /// In a sentence, for one or for several.
    pub const fn word(self, is_one: bool) -> &'static str {
        match (self, is_one) {
            (Self::Host, true) => "host name",
            (Self::Host, false) => "host names",
            (Self::Process, true) => "process name",
            (Self::Process, false) => "process names",
            (Self::Cgroup, true) => "name in a path or a record",
            (Self::Cgroup, false) => "names in paths and records",
            (Self::Id, true) => "id",
            (Self::Id, false) => "ids",
            (Self::Address, true) => "address",
            (Self::Address, false) => "addresses",
            (Self::Mail, true) => "e-mail address",
            (Self::Mail, false) => "e-mail addresses",
        }
    }
}

/// Words of paths, records and prefixes that systems use, not people.
const WELL_KNOWN: &str = "
    kubepods kubepod burstable besteffort guaranteed pod kubelet k3s rke2 agent server offline
    system user init machine session slice service scope socket mount swap timer target
    cri containerd crio conmon docker libpod podman nerdctl payload monitor parent container runc
    lxc lxd incus ns qemu libvirt emulator vcpu kata sandbox firecracker garden buildkit buildx
    uid job jobid step task batch extern slurm slurmstepd nomad ecs ecstasks hadoop yarn mesos
    htcondor condor pbs snap flatpak app dbus background root tab microk8s daemon
    systemd oomd killed marked due killing memory pressure swap used total being more than reclaim activity
    earlyoom mem avail free low at or below limits sending to process exited after seconds escalating badness score
    eviction manager attempting must evict pods successfully evicted talos component controller runtime
    sys fs cgroup sigkill sigterm
    slurmd stepid exceeded limit virtual detected event events ninfo oom received vmem mem
    kern kernel klog kmsg dmesg syslog messages journal stdout stderr localhost localdomain
    emerg alert crit err error warn warning notice info debug guest log var gz zst txt pod
    default none null true false kb";

/// Every name that was met, with what stands for it.
pub struct Names {
    words: HashMap<String, String>,
    hosts: HashMap<Vec<u8>, Vec<u8>>,
    ids: Vec<(String, String)>,
    addresses: HashMap<String, String>,
    /// Words that the kernel, systems and runtimes use.
    vocabulary: HashSet<String>,
    processes: HashMap<Vec<u8>, Vec<u8>>,
    /// Words of names that are to be replaced: none stands for another.
    taken: HashSet<String>,
    met: BTreeMap<Kind, HashSet<Vec<u8>>>,
    numbers: u64,
}

/// A name of as many bytes may be the beginning of a longer one, which the kernel cut.
const CUT: usize = 15;

impl Names {
    /// None yet.
    pub fn new() -> Self {
        let mut vocabulary: HashSet<String> =
            WELL_KNOWN.split_whitespace().map(str::to_owned).collect();
        let texts = kernel::wordings().flat_map(|row| row.texts);
        for text in texts.chain(kernel::prefixes()) {
            let text = String::from_utf8_lossy(text).to_lowercase();
            vocabulary.extend(
                text.split(|letter: char| !letter.is_alphanumeric())
                    .map(str::to_owned),
            );
        }
        Self {
            words: HashMap::new(),
            hosts: HashMap::new(),
            ids: Vec::new(),
            addresses: HashMap::new(),
            vocabulary,
            processes: HashMap::new(),
            taken: HashSet::new(),
            met: BTreeMap::new(),
            numbers: 0,
        }
    }

    /// How many of each kind were replaced.
    pub fn counts(&self) -> impl Iterator<Item = (Kind, usize)> {
        self.met.iter().map(|(kind, met)| (*kind, met.len()))
    }

    /// Every name of a machine or a process that was replaced.
    pub fn originals(&self) -> impl Iterator<Item = &[u8]> {
        let of = |kind| self.met.get(&kind).into_iter().flatten();
        of(Kind::Host).chain(of(Kind::Process)).map(Vec::as_slice)
    }

    /// Notes that a name was replaced by another.
    pub fn meet(&mut self, kind: Kind, name: &[u8], new: &[u8]) {
        if name != new {
            self.met.entry(kind).or_default().insert(name.to_vec());
        }
    }

    /// Whether a word is one of the kernel's, a system's or a runtime's.
    pub fn is_vocabulary(&self, word: &[u8]) -> bool {
        let word = String::from_utf8_lossy(word).to_lowercase();
        self.vocabulary.contains(&word)
    }

    /// Learns that a text is to be replaced.
    pub fn expect(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        self.taken.extend(words_of(&text).map(str::to_owned));
    }

    /// A process's name. One word is replaced whatever it is; of several those stay that the kernel uses, by which
    /// a name imitates its lines. A pod's `pause` stays, which the filter counts apart.
    pub fn process(&mut self, name: &[u8]) -> Vec<u8> {
        if name == b"pause" {
            return name.to_vec();
        }
        if let Some(new) = self.processes.get(name) {
            return new.clone();
        }
        let mut known = self.processes.iter();
        let cut = known.find(|(longer, _)| name.len() >= CUT && longer.starts_with(name));
        let new = if let Some((_, new)) = cut {
            new[..name.len()].to_vec()
        } else {
            let count = words_of(&String::from_utf8_lossy(name)).count();
            self.words(name, count > 1)
        };
        self.processes.insert(name.to_vec(), new.clone());
        self.meet(Kind::Process, name, &new);
        new
    }

    /// A text with another word for each of its words. Numbers stay, and so does what is neither letter nor digit.
    pub fn words(&mut self, text: &[u8], keeps_vocabulary: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for chunk in text.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some(first) = rest.chars().next() {
                let length = if let Some(length) = escape(rest) {
                    out.extend_from_slice(&rest.as_bytes()[..length]);
                    length
                } else if first.is_alphanumeric() {
                    let end = rest.find(|letter: char| !letter.is_alphanumeric());
                    let word = &rest[..end.unwrap_or(rest.len())];
                    let new = self.word(word, keeps_vocabulary);
                    out.extend_from_slice(new.as_bytes());
                    word.len()
                } else {
                    out.extend_from_slice(&rest.as_bytes()[..first.len_utf8()]);
                    first.len_utf8()
                };
                rest = &rest[length..];
            }
            out.extend_from_slice(chunk.invalid());
        }
        out
    }

    /// A text with another word for each that was replaced in a name before, where it is long enough to be no
    /// chance.
    pub fn known_words(&self, text: &[u8]) -> Vec<u8> {
        const SHORTEST: usize = 4;
        let mut out = Vec::with_capacity(text.len());
        for chunk in text.utf8_chunks() {
            let is_letter = |letter: char| letter.is_alphanumeric();
            let mut rest = chunk.valid();
            while !rest.is_empty() {
                let end = rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len());
                let word = &rest[..end];
                let is_chance = word.len() < SHORTEST || self.is_vocabulary(word.as_bytes());
                let new = self.words.get(word).filter(|_| !is_chance);
                out.extend_from_slice(new.map_or(word, String::as_str).as_bytes());
                rest = &rest[end..];
                let end = rest.find(is_letter).unwrap_or(rest.len());
                out.extend_from_slice(&rest.as_bytes()[..end]);
                rest = &rest[end..];
            }
            out.extend_from_slice(chunk.invalid());
        }
        out
    }

    fn word(&mut self, word: &str, keeps_vocabulary: bool) -> String {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        // `4kB`
        let unit = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if is_number || keeps_vocabulary && self.is_vocabulary(unit.as_bytes()) {
            return word.to_owned();
        }
        if let Some(new) = self.words.get(word) {
            return new.clone();
        }
        let new = self.another(word);
        self.words.insert(word.to_owned(), new.clone());
        new
    }

    /// A machine's name: its digits are replaced too, since many hold an address.
    pub fn host(&mut self, name: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(name).into_owned();
        if text.parse::<std::net::IpAddr>().is_ok() {
            return self.address(&text).into_bytes();
        }
        if matches!(text.as_str(), "localhost" | "") {
            return name.to_vec();
        }
        if let Some(new) = self.hosts.get(name) {
            return new.clone();
        }
        let new = self.another(&text).into_bytes();
        self.hosts.insert(name.to_vec(), new.clone());
        self.meet(Kind::Host, name, &new);
        new
    }

    /// The machines' names that were met, those first that hold others.
    pub fn known_hosts(&self) -> Vec<Vec<u8>> {
        let mut hosts: Vec<Vec<u8>> = self.hosts.keys().cloned().collect();
        hosts.sort_by_key(|host| (usize::MAX - host.len(), host.clone()));
        hosts
    }

    /// Another text of the same letters and digits that stands for no other.
    fn another(&mut self, text: &str) -> String {
        /// A name of one letter leaves few to choose from.
        const TRIES: usize = 200;
        let mut new = String::new();
        for _ in 0..TRIES {
            self.numbers += 1;
            let mut dice = Dice(self.numbers);
            new = text.chars().map(|letter| dice.like(letter)).collect();
            let is_taken = self.words.values().any(|known| *known == new)
                || self.words.contains_key(&new)
                || self.taken.contains(&new)
                || self.vocabulary.contains(&new.to_lowercase());
            if new != text && !is_taken {
                break;
            }
        }
        new
    }

    /// An id of hex digits, whatever stands between them. A short one that begins a longer one still does.
    pub fn id(&mut self, id: &[u8]) -> Vec<u8> {
        let digits: String = (id.iter())
            .filter(|byte| byte.is_ascii_hexdigit())
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        let mut known = None;
        let mut begins = String::new();
        for (old, new) in &self.ids {
            if old.starts_with(&digits) {
                known = Some(new[..digits.len()].to_owned());
                break;
            }
            if digits.starts_with(old.as_str()) {
                begins.clone_from(new);
            }
        }
        let digits_of_new = known.unwrap_or_else(|| {
            self.numbers += 1;
            let mut dice = Dice(self.numbers);
            let new: String = (begins.chars())
                .chain(std::iter::repeat_with(|| {
                    char::from(b"0123456789abcdef"[dice.below(16)])
                }))
                .take(digits.len())
                .collect();
            self.ids.push((digits, new.clone()));
            new
        });
        let mut next = digits_of_new.bytes();
        let new: Vec<u8> = (id.iter())
            .map(|byte| match byte {
                b'A'..=b'F' => next.next().unwrap_or(b'0').to_ascii_uppercase(),
                byte if byte.is_ascii_hexdigit() => next.next().unwrap_or(b'0'),
                separator => *separator,
            })
            .collect();
        self.meet(Kind::Id, id, &new);
        new
    }

    /// An IP or MAC address becomes one of those for documentation (RFC 5737, 3849, 7042).
    pub fn address(&mut self, address: &str) -> String {
        if address.starts_with("127.") || matches!(address, "0.0.0.0" | "::1" | "::") {
            return address.to_owned();
        }
        let number = self.addresses.len() + 1;
        let new = self
            .addresses
            .entry(address.to_lowercase())
            .or_insert_with(|| {
                let low = number % 250 + 1;
                if address.contains('.') {
                    let block = ["192.0.2", "198.51.100", "203.0.113"][number / 250 % 3];
                    format!("{block}.{low}")
                } else if address.len() == 17 && address.matches(':').count() == 5 {
                    format!("00:00:5e:00:53:{low:02x}")
                } else {
                    format!("2001:db8::{number:x}")
                }
            })
            .clone();
        self.meet(Kind::Address, address.as_bytes(), new.as_bytes());
        new
    }

    /// An e-mail address.
    pub fn mail(&mut self, mail: &str) -> Vec<u8> {
        let user = mail.split('@').next().unwrap_or_default().as_bytes();
        let new = [&self.words(user, false)[..], b"@example.org"].concat();
        self.meet(Kind::Mail, mail.as_bytes(), &new);
        new
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// The length of what a carrier wrote for a byte, `\x20`, if there is one in front.
fn escape(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("\\x")?.as_bytes().get(..2)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(4)
}

/// Numbers that look thrown and follow from the first. They do not follow from a name, so that none can be found
/// out by trying.
struct Dice(u64);

impl Dice {
    /// The next number below so many (splitmix64).
    fn below(&mut self, most: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % most).unwrap_or_default()
    }

    /// A letter for a letter, a digit for a digit, of as many bytes; any other stays.
    fn like(&mut self, letter: char) -> char {
        let of = |low: char, at: usize| {
            let at = u32::try_from(at).unwrap_or_default();
            char::from_u32(u32::from(low) + at).unwrap_or(low)
        };
        match letter {
            'a'..='z' => of('a', self.below(26)),
            'A'..='Z' => of('A', self.below(26)),
            '0'..='9' => of('0', self.below(10)),
            letter if !letter.is_alphanumeric() => letter,
            letter => match letter.len_utf8() {
                2 => of('\u{e0}', self.below(22)),
                3 => of('\u{4e00}', self.below(2000)),
                _ => of('\u{10428}', self.below(39)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_shape_and_is_the_same_everywhere() {
        let mut names = Names::new();
        for name in [
            "java",
            "Web Server 2",
            "kworker/u8:1",
            "a) \\x22(b,uid=0",
            "caf\u{e9}-\u{4e2d}",
            "x",
        ] {
            let new = String::from_utf8(names.process(name.as_bytes())).unwrap();
            assert_ne!(new, name);
            assert_eq!(new.len(), name.len(), "{new}");
            for (old, new) in name.chars().zip(new.chars()) {
                assert_eq!(old.is_alphabetic(), new.is_alphabetic());
                assert_eq!(old.is_uppercase(), new.is_uppercase());
                assert!(old.is_alphanumeric() || old == new);
            }
            assert_eq!(names.process(name.as_bytes()), new.as_bytes());
        }
        // What imitates the kernel's words still does.
        let hostile = names.process(b"x,task=y,pid=1,uid=0");
        assert!(hostile.ends_with(b",pid=1,uid=0"));
    }

    #[test]
    fn ids_belong_together_however_they_are_written() {
        let mut names = Names::new();
        let short = names.id(b"25c63532fa25");
        let long = names.id(b"25c63532fa25acb941ce92b3bbb74ce0b0b2323cd99ef07da6472d662d30ecfa");
        assert!(long.starts_with(&short));
        let lines = names.id(b"94eb36cd_29e1_478b_b365_4cb5dfc7d6fb");
        let dashes = names.id(b"94eb36cd-29e1-478b-b365-4cb5dfc7d6fb");
        assert_eq!(
            String::from_utf8_lossy(&lines).replace('_', "-").as_bytes(),
            dashes
        );
    }

    #[test]
    fn addresses_are_those_for_documentation() {
        let mut names = Names::new();
        assert_eq!(names.address("10.1.2.3"), "192.0.2.2");
        assert_eq!(names.address("10.1.2.3"), "192.0.2.2");
        assert_eq!(names.address("0a:1b:2c:3d:4e:5f"), "00:00:5e:00:53:03");
        assert_eq!(names.address("fe80::1"), "2001:db8::3");
        assert_eq!(names.address("127.0.0.1"), "127.0.0.1");
        assert_eq!(names.host(b"10.1.2.3"), b"192.0.2.2");
        assert!(names.mail("jane@corp.example").ends_with(b"@example.org"));
    }
}
