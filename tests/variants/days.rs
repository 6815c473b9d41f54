//! Weeks of a gateway at work, made up by its rules: bursts of talk in several chats, heartbeats, commands, scheduled
//! jobs, `/new` and the daily reset. As long as it behaves, nothing is torn; where it is made to forget, nothing else is.

use std::collections::BTreeSet;

use serde_json::json;

use crate::common::build::{BUILDERS, Chat, DAY, ERAS, Era, GARDEN, GREETING, HOUR, JAY, MINUTE, SECOND, Talk};
use crate::common::retime::ms;
use crate::common::{State, scan, seams, splits};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }
}

/// What comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Says(usize),
    Runs(usize),
    New(usize),
    Heartbeat,
    /// A heartbeat that reads the store as empty.
    Race,
}

struct Lane {
    key: &'static str,
    chat: Chat,
    current: Option<Talk>,
    /// When a person was last heard in it.
    heard: i64,
    next_id: u64,
    /// A command at work: its name, and when it ends.
    run: Option<(String, i64)>,
    /// The current session opened by a race, and is torn from this one as soon as a person speaks in it.
    torn_from: Option<String>,
}

struct Gateway {
    era: Era,
    state: State,
    dice: Dice,
    lanes: Vec<Lane>,
    sessions: u64,
    /// Sessions roll over after so many minutes of silence, besides the daily reset.
    idle: Option<i64>,
    torn: BTreeSet<(String, String)>,
}

/// Days begin at 04:00 in Los Angeles.
fn day(at: i64) -> i64 {
    (at - 12 * HOUR).div_euclid(DAY)
}

impl Gateway {
    fn new(era: Era, seed: u64) -> Self {
        let lane =
            |key, chat: &Chat, next_id| Lane { key, chat: chat.clone(), current: None, heard: 0, next_id, run: None, torn_from: None };
        let lanes = vec![
            lane("agent:main:main", &JAY, 4_000),
            lane("agent:main:telegram:group:-100777", &GARDEN, 40_000),
            lane("agent:main:telegram:group:-100555", &BUILDERS, 80_000),
        ];
        let state = State::case(&format!("weeks {seed}"), era);
        Gateway { era, state, dice: Dice(seed), lanes, sessions: 100 * seed, idle: None, torn: BTreeSet::new() }
    }

    /// Puts the current session of a lane away: archived where the release does that.
    fn close(&mut self, lane: usize, at: i64, asked: bool) {
        let Some(talk) = self.lanes[lane].current.take() else { return };
        self.lanes[lane].next_id = talk.message_id;
        self.lanes[lane].torn_from = None;
        let archives = self.era == Era::E3 || (self.era == Era::E2 && asked);
        if archives {
            self.state.put_archive(&talk, "reset", at)
        } else {
            self.state.put(&talk)
        };
    }

    /// The current session of a lane; a new one where there is none or the day is over.
    fn session(&mut self, lane: usize, at: i64) -> Talk {
        let heard = self.lanes[lane].heard;
        let idle = self.idle.is_some_and(|minutes| at - heard >= minutes * MINUTE);
        if self.lanes[lane].current.is_some() && (idle || day(heard) < day(at)) {
            self.close(lane, at + 60, false);
        }
        if let Some(talk) = self.lanes[lane].current.take() {
            return talk;
        }
        self.sessions += 1;
        let Lane { key, chat, next_id, .. } = &self.lanes[lane];
        Talk::at(self.era, self.sessions, at + 80).key(key).chat(chat).message_ids(*next_id)
    }

    /// The exit notice of a command that has ended by now.
    fn notice(&mut self, lane: usize, at: i64) -> String {
        let ended = self.lanes[lane].run.take_if(|(_, end)| *end <= at);
        ended.map(|(slug, end)| Talk::notice(end, &slug)).unwrap_or_default()
    }

    fn event(&mut self, at: i64, event: Event) {
        match event {
            Event::Says(lane) | Event::Runs(lane) => {
                let notice = self.notice(lane, at);
                let mut talk = self.session(lane, at);
                self.lanes[lane].heard = at;
                if let Some(from) = self.lanes[lane].torn_from.take() {
                    self.torn.insert((from, talk.id.clone()));
                }
                if event == Event::Runs(lane) && self.lanes[lane].run.is_none() {
                    let slug =
                        format!("{}-{}", ["brisk", "quiet", "grand", "faint"][usize::try_from(self.dice.below(4)).unwrap()], self.sessions);
                    talk = talk.exec(at, &slug);
                    self.lanes[lane].run = Some((slug, at + MINUTE + self.dice.below(3 * HOUR)));
                } else {
                    let text = format!("{notice}{}", talk.wrap(at, &format!("and what of {}?", self.dice.below(900))));
                    talk.raw(at, &text, "user").answer(at + 3 * SECOND, "Sure, noted.");
                    talk.message_id += 1;
                }
                self.lanes[lane].current = Some(talk);
            }
            Event::New(lane) => {
                if self.lanes[lane].current.is_none() {
                    return;
                }
                self.close(lane, at, true);
                self.lanes[lane].heard = at;
                if self.era != Era::E3 {
                    let mut talk = self.session(lane, at);
                    talk.raw(at, GREETING, "user").answer(at + SECOND, "Hi!");
                    talk.message_id += 1;
                    self.lanes[lane].current = Some(talk);
                }
            }
            Event::Heartbeat | Event::Race => {
                let from = self.lanes[0].current.as_ref().map(|talk| talk.id.clone());
                // A race forgets a session in which somebody speaks, and archives nothing.
                let fresh = day(self.lanes[0].heard) == day(at) && at - self.lanes[0].heard < 10 * MINUTE;
                let raced = event == Event::Race && fresh && self.lanes[0].torn_from.is_none();
                if raced && let Some(talk) = self.lanes[0].current.take() {
                    self.lanes[0].next_id = talk.message_id;
                    self.state.put(&talk);
                }
                let notice = self.notice(0, at);
                let talk = self.session(0, at).heartbeat(at, &notice);
                if raced {
                    self.lanes[0].torn_from = from;
                }
                self.lanes[0].current = Some(talk);
            }
        }
    }

    /// Lets days pass, with a race every so many bursts of talk (0: never).
    fn live(mut self, days: i64, race_every: i64) -> Self {
        let start = ms("2026-02-02T12:00:00.000Z");
        for today in 0..days {
            // 04:00 local.
            let morning = start + today * DAY;
            let mut events: BTreeSet<(i64, Event)> = BTreeSet::new();
            for half_hour in 0..48 {
                events.insert((morning + half_hour * 30 * MINUTE + 3 * MINUTE, Event::Heartbeat));
            }
            for _ in 0..4 {
                let lane = usize::try_from(self.dice.below(5)).unwrap().saturating_sub(2);
                let mut at = morning + 2 * HOUR + self.dice.below(21 * HOUR);
                let raced = race_every > 0 && lane == 0 && self.dice.one_in(race_every);
                for turn in 0..4 + self.dice.below(6) {
                    at += 20 * SECOND + self.dice.below(5 * MINUTE);
                    let event = match self.dice.below(12) {
                        0 => Event::Runs(lane),
                        1 if !raced => Event::New(lane),
                        _ => Event::Says(lane),
                    };
                    events.insert((at, event));
                    if raced && turn == 2 {
                        events.insert((at + 10 * SECOND, Event::Race));
                    }
                }
            }
            for (at, event) in events {
                self.event(at, event);
            }
            self.sessions += 1;
            let at = morning + 5 * HOUR;
            let mut job = Talk::at(self.era, self.sessions, at).key("agent:main:cron:news");
            job.raw(
                at,
                "[cron:news daily] Tell me the news.\nCurrent time: Monday, February 2nd, 2026 — 9:00 AM (America/Los_Angeles)",
                "cron",
            );
            job.answer(at + SECOND, "None.");
            self.state.put(&job);
        }
        for lane in &mut self.lanes {
            if let Some(talk) = lane.current.take() {
                self.state.put_live(&talk);
            }
        }
        self
    }

    /// The splits that are found, by session ids.
    fn found(&self) -> BTreeSet<(String, String)> {
        let id = |file: String| file.split(".jsonl").next().unwrap().to_owned();
        let placed = self.state.place();
        splits(&scan(&[&placed.home], &[]).json).into_iter().map(|split| (id(split.from), id(split.to))).collect()
    }
}

/// A month in which nothing goes wrong holds no split.
#[test]
fn a_gateway_that_behaves() {
    for era in ERAS {
        for seed in 1..=3 {
            let gateway = Gateway::new(era, seed).live(30, 0);
            assert!(gateway.state.transcripts.len() > 60, "{}", gateway.state.transcripts.len());
            assert_eq!(gateway.found(), BTreeSet::new(), "{}", gateway.state.name);
        }
    }
}

/// Sessions that roll over after a silence, as the configuration says; or without a configuration, where the silence is
/// one that a policy must be assumed for.
#[test]
fn a_gateway_with_an_idle_policy() {
    for era in ERAS {
        for (minutes, configured) in [(10, true), (20, true), (60, true), (240, true), (45, false), (60, false), (180, false)] {
            let mut gateway = Gateway::new(era, 20 + u64::try_from(minutes).unwrap());
            gateway.idle = Some(minutes);
            if configured {
                let config = json!({"session": {"reset": {"mode": "daily", "atHour": 4, "idleMinutes": minutes}}}).to_string();
                let name = if era == Era::E1 { "clawdbot.json" } else { "openclaw.json" };
                gateway.state.others.insert(name.to_owned(), config.into_bytes());
            }
            let placed = gateway.live(10, 0).state.place();
            let run = scan(&[&placed.home], &[]);
            // Where nothing names a policy, a command's exit that shows in the new session speaks for a race: no one can
            // tell it from a rollover that the exit itself set off. Then it is never certain.
            for seam in seams(&run.json).filter(|seam| seam["kind"] == "split") {
                let tied = seam["evidence"].as_array().unwrap().iter().any(|item| item["name"] == "exec-exit-across");
                assert!(!configured && tied && seam["level"] == "probable", "{era:?} idle {minutes}: {seam:#}");
            }
        }
    }
}

/// A month with races in it: what is found is true, and where the chats can be told it is all there is.
#[test]
fn a_gateway_that_forgets() {
    for era in ERAS {
        let (mut all, mut seen) = (0, 0);
        for seed in 11..=16 {
            let gateway = Gateway::new(era, seed).live(30, 4);
            let found = gateway.found();
            let wrong: Vec<_> = found.difference(&gateway.torn).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", gateway.state.name);
            all += gateway.torn.len();
            seen += found.len();
        }
        assert!(all > 60, "{era:?}: {all}");
        // Plain direct chats of E2 carry nothing but a time, and the store names the last session only: a heartbeat and a
        // small gap alone are no more than possible. Only what a command or the store ties is found.
        let least = if era == Era::E2 { all / 5 } else { all };
        assert!(seen >= least, "{era:?}: {seen} of {all}");
    }
}
