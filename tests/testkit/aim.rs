//! The aim that keeps a race open: whoever won last time starts a little later the next time. So
//! both sides win about as often, whatever machine it is and however long either side's way is.

/// How much later the first starts than the second, microseconds.
#[derive(Debug, Default)]
pub struct Aim {
    micros: i64,
    /// Races that it has learnt from.
    learnt: u64,
    state: u64,
}

impl Aim {
    /// The aim of a lane; `seed` makes its steps.
    pub fn new(seed: u64) -> Aim {
        Aim {
            micros: 0,
            learnt: 0,
            state: seed | 1,
        }
    }

    /// How long each waits after the gun, microseconds.
    pub fn waits(&self) -> [u64; 2] {
        [
            u64::try_from(self.micros).unwrap_or(0),
            u64::try_from(-self.micros).unwrap_or(0),
        ]
    }

    /// The aim itself.
    pub fn micros(&self) -> i64 {
        self.micros
    }

    /// After a race: the first has won, or the second. The aim moves by `most` microseconds at
    /// most, by more in the beginning.
    pub fn learn(&mut self, first_won: bool, most: u64) {
        self.learnt += 1;
        let most = most + 8 * most / self.learnt;
        let step = i64::try_from(self.chance(most) + 1).expect("small");
        self.micros += if first_won { step } else { -step };
    }

    /// A number of chance below `end`.
    pub fn chance(&mut self, end: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % end
    }
}
