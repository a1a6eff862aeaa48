//! SHA-256 (FIPS 180-4) of many messages at once.
//!
//! A sandbox has no SHA instructions, and one message is a chain: each round needs the one before. Four messages are four
//! chains, so each goes through its own lane of a vector. A lane whose message ends takes up the next one, so all four
//! stay busy whatever the lengths are, down to the batch's last three messages.

use crate::simd::U32x4;

const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

#[rustfmt::skip]
const K: [[u32; 16]; 4] = [
    [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
     0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
     0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
     0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
     0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
];

/// One block of each lane's message into each lane's state. `w` ends as the schedule's last sixteen words.
#[inline(always)]
fn compress(state: &mut [U32x4; 8], w: &mut [U32x4; 16]) {
    let before = *state;
    for (quarter, k) in K.iter().enumerate() {
        if quarter > 0 {
            extend(w);
        }
        rounds(state, w, k);
    }
    for (word, before) in state.iter_mut().zip(before) {
        *word = word.add(before);
    }
}

/// The schedule's next sixteen words over its last sixteen.
#[inline(always)]
fn extend(w: &mut [U32x4; 16]) {
    macro_rules! next {
        ($($i:literal)*) => {$({
            let (far, near) = (w[($i + 1) % 16], w[($i + 14) % 16]);
            let far = far.rotate_right::<7>().xor(far.rotate_right::<18>()).xor(far.shr::<3>());
            let near = near.rotate_right::<17>().xor(near.rotate_right::<19>()).xor(near.shr::<10>());
            w[$i] = w[$i].add(far).add(w[($i + 9) % 16]).add(near);
        })*};
    }
    next!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// Sixteen rounds. The registers do not move; the round's number says which of them plays `a`.
#[inline(always)]
fn rounds(s: &mut [U32x4; 8], w: &[U32x4; 16], k: &[u32; 16]) {
    macro_rules! round {
        ($($i:literal)*) => {$({
            let [a, b, c, e, f, g] = [0, 1, 2, 4, 5, 6].map(|r| s[(r + 16 - $i) % 8]);
            let sum = e.rotate_right::<6>().xor(e.rotate_right::<11>()).xor(e.rotate_right::<25>());
            let choice = g.xor(e.and(f.xor(g)));
            let t = s[(23 - $i) % 8].add(w[$i].add(U32x4::splat(k[$i]))).add(choice).add(sum);
            s[(19 - $i) % 8] = s[(19 - $i) % 8].add(t);
            let sum = a.rotate_right::<2>().xor(a.rotate_right::<13>()).xor(a.rotate_right::<22>());
            let majority = b.xor(a.xor(b).and(b.xor(c)));
            s[(23 - $i) % 8] = t.add(sum).add(majority);
        })*};
    }
    round!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// A message on its way: how far it is, and where its digest belongs.
#[derive(Clone, Copy)]
struct Message<'a> {
    bytes: &'a [u8],
    next: usize,
    slot: usize,
}

type Block = [u8; 64];

impl<'a> Message<'a> {
    fn new(slot: usize, bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, slot }
    }

    fn is_done(&self) -> bool {
        // After the message come a one bit and its length in 64 bits.
        self.next * 64 >= self.bytes.len() + 9
    }

    /// The next block, straight from the message or, at its end, padded in `scratch`.
    #[inline(always)]
    fn block<'b>(&mut self, scratch: &'b mut Block) -> &'b Block
    where
        'a: 'b,
    {
        let from = self.next * 64;
        self.next += 1;
        if let Some(block) = self.bytes.get(from..).and_then(<[u8]>::first_chunk) {
            return block;
        }
        self.pad(from, scratch);
        scratch
    }

    #[inline(never)]
    fn pad(&self, from: usize, block: &mut Block) {
        *block = [0; 64];
        if let Some(rest) = self.bytes.get(from..) {
            block[..rest.len()].copy_from_slice(rest);
            block[rest.len()] = 0x80;
        }
        if self.is_done() {
            block[56..].copy_from_slice(&(self.bytes.len() as u64 * 8).to_be_bytes());
        }
    }
}

/// The SHA-256 digest of each message.
#[must_use]
pub fn digests<'a>(messages: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<[u8; 32]> {
    let mut out = vec![[0; 32]; messages.len()];
    let mut queue = messages.enumerate().map(|(slot, bytes)| Message::new(slot, bytes));
    let mut state = START.map(U32x4::splat);
    let mut lanes: [Option<Message<'_>>; 4] = std::array::from_fn(|_| queue.next());
    while lanes.iter().any(Option::is_some) {
        compress(&mut state, &mut load(&mut lanes));
        for (lane, message) in lanes.iter_mut().enumerate() {
            if let Some(done) = message.filter(Message::is_done) {
                out[done.slot] = to_bytes(take_lane(&mut state, lane));
                *message = queue.next();
            }
        }
    }
    out
}

/// The next block of each lane, word by word across the lanes. A lane without a message hashes zeros that nobody reads.
#[inline(always)]
fn load(lanes: &mut [Option<Message<'_>>; 4]) -> [U32x4; 16] {
    let mut scratch = [[0; 64]; 4];
    let [s0, s1, s2, s3] = &mut scratch;
    let [m0, m1, m2, m3] = lanes;
    let blocks = [(m0, s0), (m1, s1), (m2, s2), (m3, s3)].map(|(message, scratch)| match message {
        Some(message) => message.block(scratch),
        None => &*scratch,
    });
    let mut words = [U32x4::splat(0); 16];
    for (quarter, words) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *words = U32x4::transpose(blocks.map(|block| U32x4::load_be(&block.as_chunks().0[quarter])));
    }
    words
}

/// One lane's state; the lane then stands at the start of a message.
fn take_lane(state: &mut [U32x4; 8], lane: usize) -> [u32; 8] {
    std::array::from_fn(|i| {
        let mut words = state[i].to_array();
        let word = std::mem::replace(&mut words[lane], START[i]);
        state[i] = U32x4::new(words);
        word
    })
}

fn to_bytes(state: [u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (four, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *four = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    fn check(messages: &[Vec<u8>]) {
        let ours = super::digests(messages.iter().map(Vec::as_slice));
        for (message, ours) in messages.iter().zip(ours) {
            let theirs: [u8; 32] = Sha256::digest(message).into();
            assert_eq!(ours, theirs, "{} bytes among {} messages", message.len(), messages.len());
        }
    }

    fn noise(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        }
    }

    fn message(len: usize, next: &mut impl FnMut() -> u64) -> Vec<u8> {
        (0..len).map(|_| next() as u8).collect()
    }

    #[test]
    fn every_length_alone_and_together() {
        let mut next = noise(1);
        let messages: Vec<_> = (0..300).map(|len| message(len, &mut next)).collect();
        check(&messages);
        messages.chunks(1).for_each(check);
    }

    #[test]
    fn mixes_of_lengths_and_counts() {
        let mut next = noise(2);
        for count in 0..40 {
            let longest = [1, 70, 1000, 5000][count % 4];
            let messages: Vec<_> = (0..count)
                .map(|_| {
                    let len = next() as usize % longest;
                    message(len, &mut next)
                })
                .collect();
            check(&messages);
        }
    }
}
