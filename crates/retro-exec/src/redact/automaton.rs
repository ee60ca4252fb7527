//! All forms of all secrets in one automaton (Aho and Corasick's), with a sieve in front of it for the
//! bytes that hold none.
//!
//! The memory is this module's own so that it can be overwritten: the nodes of the automaton spell the
//! secrets.

use zeroize::{Zeroize, Zeroizing};

use super::SHORTEST;

/// The node of no progress. It is nobody's child, so that it also stands for "none".
const ROOT: u32 = 0;

/// The sieve looks at three bytes out of every four. Every form of six bytes holds such three bytes,
/// wherever it starts: at its byte 0, 1, 2 or 3.
const STRIDE: usize = 4;
const SIEVED: usize = 3;
const _: () = assert!(STRIDE - 1 + SIEVED <= SHORTEST);

/// Where an automaton stands: how much of which form it has just read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u32);

impl State {
    /// Nothing of any form has been read.
    pub(super) const START: Self = Self(ROOT);
}

/// A form of a secret that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The byte behind it.
    pub(super) end: usize,
    /// Its length.
    pub(super) length: usize,
    /// Whose form it is.
    pub(super) secret: usize,
}

pub(super) struct Automaton {
    nodes: Vec<Node>,
    /// The children of the root by their byte.
    first: Vec<u32>,
    /// The bytes of forms at which the sieve looks.
    sieve: Bits,
    /// The first four bytes of forms.
    starts: Bits,
    longest: usize,
}

/// A prefix of forms.
#[derive(Clone, Copy, Default)]
struct Node {
    /// Its last byte.
    byte: u8,
    /// Its first continuation.
    child: u32,
    /// The next continuation of its parent.
    sibling: u32,
    /// The longest prefix of a form that is a proper suffix of this one.
    fallback: u32,
    /// Its length.
    depth: u32,
    /// The length of the longest form that is a suffix of it, 0 for none.
    found: u32,
    /// Whose form that is.
    secret: u32,
}

impl Automaton {
    /// An automaton for the forms of each secret, none of which is shorter than [`SHORTEST`].
    pub(super) fn new(secrets: &[Vec<Zeroizing<Vec<u8>>>]) -> Self {
        let forms = || secrets.iter().flatten();
        // All the room at once: a buffer that grows leaves copies.
        let mut nodes = Vec::with_capacity(1 + forms().map(|form| form.len()).sum::<usize>());
        nodes.push(Node::default());
        let mut automaton = Self {
            nodes,
            first: vec![ROOT; 256],
            sieve: Bits::default(),
            starts: Bits::default(),
            longest: forms().map(|form| form.len()).max().unwrap_or(0),
        };
        for (secret, forms) in secrets.iter().enumerate() {
            for form in forms {
                automaton.add(form, secret as u32);
            }
        }
        automaton.connect();
        automaton
    }

    fn add(&mut self, form: &[u8], secret: u32) {
        let mut at = ROOT;
        for byte in form {
            at = match self.child(at, *byte) {
                ROOT => self.add_child(at, *byte),
                child => child,
            };
        }
        let node = &mut self.nodes[at as usize];
        if node.found == 0 {
            (node.found, node.secret) = (node.depth, secret);
        }
        for block in form.windows(SIEVED).take(STRIDE) {
            self.sieve.add(sieved(&[block[0], block[1], block[2], 0]));
        }
        if let Some(four) = form.first_chunk() {
            self.starts.add(u32::from_le_bytes(*four));
        }
    }

    fn add_child(&mut self, parent: u32, byte: u8) -> u32 {
        let new = self.nodes.len() as u32;
        let above = &mut self.nodes[parent as usize];
        let (sibling, depth) = (above.child, above.depth + 1);
        above.child = new;
        if parent == ROOT {
            self.first[usize::from(byte)] = new;
        }
        self.nodes.push(Node {
            byte,
            sibling,
            depth,
            ..Node::default()
        });
        new
    }

    /// Finds the fallbacks, from the shortest prefixes to the longest.
    fn connect(&mut self) {
        let mut order: Vec<u32> = self.children(ROOT).collect();
        let mut next = 0;
        while let Some(&parent) = order.get(next) {
            next += 1;
            let children: Vec<u32> = self.children(parent).collect();
            for child in children {
                let byte = self.nodes[child as usize].byte;
                let fallback = self.step(self.nodes[parent as usize].fallback, byte);
                let Node { found, secret, .. } = self.nodes[fallback as usize];
                let node = &mut self.nodes[child as usize];
                node.fallback = fallback;
                if node.found == 0 {
                    (node.found, node.secret) = (found, secret);
                }
                order.push(child);
            }
        }
    }

    fn children(&self, parent: u32) -> impl Iterator<Item = u32> {
        let mut next = self.nodes[parent as usize].child;
        std::iter::from_fn(move || {
            let child = (next != ROOT).then_some(next)?;
            next = self.nodes[child as usize].sibling;
            Some(child)
        })
    }

    fn child(&self, parent: u32, byte: u8) -> u32 {
        if parent == ROOT {
            return self.first[usize::from(byte)];
        }
        self.children(parent)
            .find(|child| self.nodes[*child as usize].byte == byte)
            .unwrap_or(ROOT)
    }

    fn step(&self, mut from: u32, byte: u8) -> u32 {
        loop {
            match self.child(from, byte) {
                ROOT if from != ROOT => from = self.nodes[from as usize].fallback,
                child => return child,
            }
        }
    }

    /// How many of the last bytes may be the beginning of a form.
    pub(super) fn undecided(&self, state: State) -> usize {
        self.nodes[state.0 as usize].depth as usize
    }

    /// The length of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Reads on, and tells the longest form that ends at each byte.
    pub(super) fn read(
        &self,
        mut state: State,
        bytes: &[u8],
        mut tell: impl FnMut(Found),
    ) -> State {
        let mut at = 0;
        loop {
            if state == State::START {
                at = self.sift(bytes, at);
            }
            let Some(byte) = bytes.get(at) else {
                return state;
            };
            let reached = self.step(state.0, *byte);
            at += 1;
            let node = &self.nodes[reached as usize];
            if node.found != 0 {
                tell(Found {
                    end: at,
                    length: node.found as usize,
                    secret: node.secret as usize,
                });
            }
            state = State(self.open_end(reached));
        }
    }

    /// The longest prefix at the end of this one, or itself, that can be continued: what is complete is
    /// not held back.
    fn open_end(&self, mut node: u32) -> u32 {
        while node != ROOT && self.nodes[node as usize].child == ROOT {
            node = self.nodes[node as usize].fallback;
        }
        node
    }

    /// Whether there is a form of any secret in these bytes.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        let mut any = false;
        self.read(State::START, bytes, |_| any = true);
        any
    }

    /// The first place from `from` on at which a form may start, as far as can be told at a glance; at
    /// most six bytes before the end, where it cannot.
    fn sift(&self, bytes: &[u8], from: usize) -> usize {
        let (blocks, _) = bytes[from..].as_chunks::<STRIDE>();
        let passes = |block: &[u8; STRIDE]| self.sieve.has(sieved(block));
        let mut index = 0;
        loop {
            // Eight at a time, which is the fastest: most of what there is ends here.
            let (eights, _) = blocks[index..].as_chunks::<8>();
            let without = eights.iter().position(|eight| eight.iter().any(passes));
            index += 8 * without.unwrap_or(eights.len());
            let Some(further) = blocks[index..].iter().position(passes) else {
                break;
            };
            index += further;
            if let Some(start) = self.start_near(bytes, from, from + index * STRIDE) {
                return start;
            }
            index += 1;
        }
        let looked_at = from + blocks.len() * STRIDE;
        looked_at.saturating_sub(STRIDE - 1).max(from)
    }

    /// Where a form may start whose bytes at `here` have passed the sieve.
    fn start_near(&self, bytes: &[u8], from: usize, here: usize) -> Option<usize> {
        let mut places = here.saturating_sub(STRIDE - 1).max(from)..=here;
        places.find(|place| match bytes[*place..].first_chunk() {
            Some(four) => self.starts.has(u32::from_le_bytes(*four)),
            None => true,
        })
    }
}

/// The first three of four bytes.
#[inline]
fn sieved(block: &[u8; STRIDE]) -> u32 {
    u32::from_le_bytes(*block) & 0xff_ffff
}

/// Numbers that were added, and a few others: one bit for each hash.
struct Bits(Box<[u64; 1 << 10]>);

impl Default for Bits {
    fn default() -> Self {
        Self(Box::new([0; 1 << 10]))
    }
}

impl Bits {
    fn add(&mut self, number: u32) {
        let (word, bit) = Self::place(number);
        self.0[word] |= 1 << bit;
    }

    #[inline]
    fn has(&self, number: u32) -> bool {
        let (word, bit) = Self::place(number);
        self.0[word] >> bit & 1 == 1
    }

    #[inline]
    fn place(number: u32) -> (usize, u32) {
        let mixed = number.wrapping_mul(0x9e37_79b1) >> 16;
        ((mixed >> 6) as usize & 0x3ff, mixed & 63)
    }
}

impl Drop for Automaton {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let Node {
                byte,
                child,
                sibling,
                fallback,
                depth,
                found,
                secret,
            } = node;
            byte.zeroize();
            for number in [child, sibling, fallback, depth, found, secret] {
                number.zeroize();
            }
        }
        self.first.zeroize();
        self.sieve.0.zeroize();
        self.starts.0.zeroize();
    }
}
