//! Which cells to run, in which order, on which servers; knows nothing of how a cell is measured.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::measure::figures::Row;
use crate::measure::target::Target;
use crate::measure::{churn, fanout, files, idle, steady};

/// How long to speak before measuring.
const WARM_UP: Duration = Duration::from_millis(300);

/// Bytes of text a message in deaf: large, so that even a slow server soon fills the kernel's buffers.
const DEAF_SIZE: usize = 400;

/// What the scenarios are made of.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Scenarios by name, of [`SCENARIOS`].
    pub scenarios: Vec<String>,
    /// Sizes of the room in fan-out.
    pub members: Vec<usize>,
    /// Numbers of speakers in fan-out.
    pub speakers: Vec<usize>,
    /// Windows in fan-out.
    pub in_flight: Vec<u32>,
    /// Bytes of text a message.
    pub size: usize,
    /// How long a cell is measured.
    pub seconds: f64,
    /// A fan-out cell continues, up to four times as long, until it has this many deliveries.
    pub least: u64,
    /// Clients of idle.
    pub clients: usize,
    /// Cycles of one measurement of churn.
    pub cycles: u32,
    /// Members that hear in the scenario `deaf`, beside the one that does not read.
    pub deaf_members: usize,
    /// How often everything is run.
    pub repeats: usize,
}

/// All scenarios; `store` is fan-out again, to compare a server that stores messages with one that does not.
pub const SCENARIOS: [&str; 7] = ["fanout", "store", "steady", "files", "deaf", "churn", "idle"];

/// How many times as long as another cell *steady* is measured: it has few deliveries a second.
const STEADY_LONGER: u32 = 4;

impl Suite {
    /// Runs every cell on every target in turn, so that what changes on this machine
    /// meanwhile changes for all; `done` is told each row as it comes. Each second repeat
    /// takes the targets in reverse order, so that no target always follows the same other.
    ///
    /// # Errors
    /// None of a cell's: a cell that fails is a row with its trouble.
    pub fn run(&self, targets: &[Target], mut done: impl FnMut(Row) -> Result<()>) -> Result<()> {
        let mut turns: Vec<&Target> = targets.iter().collect();
        for _ in 0..self.repeats {
            for scenario in &self.scenarios {
                for plan in self.plans(scenario) {
                    for target in &turns {
                        let mut row = Row::new(scenario, self.title(scenario, &plan), &target.name);
                        if let Err(e) = self.cell(scenario, &plan, target, &mut row) {
                            row.trouble = Some(format!("{e:#}"));
                        }
                        if matches!(scenario.as_str(), "store" | "steady" | "files") {
                            let later = target.come_to_rest()?;
                            let said = row.figures.get("said").copied();
                            row.set("later_us", later.zip(said).map(|(later, said)| later.as_secs_f64() * 1e6 / said));
                        }
                        done(row)?;
                    }
                }
            }
            turns.reverse();
        }
        Ok(())
    }

    fn plans(&self, scenario: &str) -> Vec<fanout::Plan> {
        if !matches!(scenario, "fanout" | "store") {
            let plan = self.plan(self.deaf_members, 1, 64);
            let size = if scenario == "deaf" { DEAF_SIZE } else { self.size };
            return vec![fanout::Plan { size, ..plan }];
        }
        let mut plans = Vec::new();
        for &members in &self.members {
            for &speakers in &self.speakers {
                plans.extend(self.in_flight.iter().map(|&window| self.plan(members, speakers, window)));
            }
        }
        plans.retain(|plan| plan.speakers <= plan.members);
        plans
    }

    fn plan(&self, members: usize, speakers: usize, in_flight: u32) -> fanout::Plan {
        fanout::Plan {
            members,
            speakers,
            in_flight,
            size: self.size,
            warm_up: WARM_UP,
            measure: Duration::from_secs_f64(self.seconds),
            least: self.least,
            deaf: false,
        }
    }

    fn title(&self, scenario: &str, plan: &fanout::Plan) -> String {
        let fanout::Plan { members, speakers, in_flight, .. } = plan;
        let plural = if *speakers == 1 { "" } else { "s" };
        match scenario {
            "churn" => format!("2 rounds, {} at a time", churn::LANES),
            "idle" => format!("{} clients in rooms of {}", self.clients, idle::ROOM),
            "steady" => {
                format!("{} rooms of {}, each member {} lines/s", steady::ROOMS, steady::ROOM, steady::PACE)
            }
            "files" => {
                format!("{} MiB up and down, {} rooms of {} talk", files::SIZE >> 20, files::ROOMS, steady::ROOM)
            }
            "deaf" => format!("{members} members hear, {in_flight} in flight, {DEAF_SIZE} bytes"),
            _ => format!("{members} members, {speakers} speaker{plural}, {in_flight} in flight"),
        }
    }

    fn cell(&self, scenario: &str, plan: &fanout::Plan, target: &Target, row: &mut Row) -> Result<()> {
        match scenario {
            "fanout" | "store" => fanout::run(target, plan, row).map(|_| ()),
            "steady" => {
                steady::run(target, (steady::ROOMS, plan.size), plan.warm_up, plan.measure * STEADY_LONGER, row)
            }
            "files" => files::run(target, plan.size, plan.warm_up, plan.measure * STEADY_LONGER, row),
            "deaf" => deaf(target, plan, row),
            "churn" => churn::run(target, self.cycles, row),
            "idle" => idle::run(target, self.clients, Duration::from_secs_f64(self.seconds), row),
            other => bail!("no scenario {other:?}: {}", SCENARIOS.join(", ")),
        }
    }
}

/// The same fan-out without and with a member who does not read.
fn deaf(target: &Target, plan: &fanout::Plan, row: &mut Row) -> Result<()> {
    fanout::run(target, plan, row)?;
    let without = row.figures.get("p99_ms").copied();
    row.set("p99_without_ms", without);
    let deaf = fanout::run(target, &fanout::Plan { deaf: true, ..*plan }, row)?;
    row.set("closed", f64::from(u8::from(deaf.closed)));
    row.remark = deaf.words;
    Ok(())
}
