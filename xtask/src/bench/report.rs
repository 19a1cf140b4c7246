//! The page `docs/benchmarks.md`.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::{
    Plan, machine,
    rows::{BESIDE, ROWS, Row, Target},
    series::Series,
};

/// A figure with more spread than this is noisy.
const NOISY: f64 = 0.10;

/// `docs/benchmarks.md`
pub(super) fn page(plan: Plan, series: &Series) -> Result<String> {
    let mut page = String::new();
    let rounds = match plan.rounds {
        1 => "one round".to_owned(),
        rounds => format!("{rounds} rounds, of which the median counts,"),
    };
    let rotations = series.median("cardea rotations").context("no rotations")?;
    writeln!(
        page,
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`; `bench/README.md` describes each row.\n\n\
         {machine}. Measured in {rounds} of {seconds} s a row: the server on one core, the load on the other, one system at a \
         time. Cardea runs with its defaults: header pack, metrics, audit and rate limits (set too high to be reached). Ratios are \
         taken within a round; the spread is that of the figure, and over 10 % a row is marked as noisy. \"Many rotations\" are \
         {rotations:.0}, \"many grants\" {grants}.\n\n\
         | work | figure | limit or ceiling | ratio | target | | spread |\n\
         |---|---:|---:|---:|---:|---|---:|",
        machine = machine::described()?,
        seconds = plan.seconds,
        grants = plan.grants,
    )?;
    for row in ROWS {
        page.push_str(&line(row, plan, series).with_context(|| format!("no {}", row.figure))?);
    }
    page.push_str("\nFor orientation, without a target:\n\n| work | a second |\n|---|---:|\n");
    for (name, work) in BESIDE {
        let rate = series.median(name).with_context(|| format!("no {name}"))?;
        writeln!(page, "| {work} | {} |", shown(rate))?;
    }
    Ok(page)
}

fn line(row: &Row, plan: Plan, series: &Series) -> Option<String> {
    let figure = series.median(row.figure)?;
    let (against, ratio, target, met) = match row.target {
        Target::Ratio(to, least) => {
            let (against, ratio) = beside(row, to, series)?;
            let target = format!("≥ {least}");
            (against, format!("{ratio:.2}"), target, ratio >= least)
        }
        Target::Within(to, most) => {
            let (against, ratio) = beside(row, to, series)?;
            let target = format!("≤ {most} ×");
            (against, format!("{ratio:.2}"), target, ratio <= most)
        }
        Target::AtLeast(least) => {
            let target = format!("≥ {} {}", shown(least), row.unit);
            (String::new(), String::new(), target, figure >= least)
        }
        Target::AtMost(most) => {
            let target = format!("≤ {most} {}", row.unit);
            (String::new(), String::new(), target, figure <= most)
        }
    };
    let spread = series.spread(row.figure)?;
    let verdict = if met { "met" } else { "**missed**" };
    let noisy = if spread > NOISY { ", noisy" } else { "" };
    // One value has no spread.
    let spread = if plan.rounds > 1 {
        format!("{:.0} %", spread * 100.0)
    } else {
        "–".to_owned()
    };
    let (work, figure, unit) = (row.work, shown(figure), row.unit);
    Some(format!(
        "| {work} | {figure} {unit} | {against} | {ratio} | {target} | {verdict}{noisy} | {spread} |\n"
    ))
}

/// The other series, and the ratio to it.
fn beside(row: &Row, to: &str, series: &Series) -> Option<(String, f64)> {
    let against = format!("{} ({to})", shown(series.median(to)?));
    Some((against, series.ratio(row.figure, to)?))
}

/// With the significant digits only.
fn shown(number: f64) -> String {
    match number {
        n if n >= 100.0 => thousands(n),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row = Row {
        work: "work",
        figure: "ours",
        unit: "/s",
        target: Target::Ratio("limit", 0.5),
    };

    fn judged(ours: [f64; 3]) -> String {
        let mut series = Series::default();
        for value in ours {
            series.push("ours", value);
            series.push("limit", 10_000.0);
        }
        line(&ROW, Plan::FULL, &series).unwrap()
    }

    #[test]
    fn a_row_says_met_missed_or_noisy() {
        assert_eq!(
            judged([5100.0, 5200.0, 5300.0]),
            "| work | 5,200 /s | 10,000 (limit) | 0.52 | ≥ 0.5 | met | 4 % |\n"
        );
        assert!(judged([4000.0, 4900.0, 5500.0]).contains("**missed**, noisy"));
    }

    #[test]
    fn a_row_may_ask_for_at_most_so_many_times_another_or_at_least_a_number() {
        let mut series = Series::default();
        series.push("ours", 3.0);
        series.push("theirs", 2.0);
        let judged = |target| {
            let row = Row { target, ..ROW };
            line(&row, Plan::QUICK, &series).unwrap()
        };
        assert_eq!(
            judged(Target::Within("theirs", 2.0)),
            "| work | 3.00 /s | 2.00 (theirs) | 1.50 | ≤ 2 × | met | – |\n"
        );
        assert!(judged(Target::Within("theirs", 1.4)).contains("missed"));
        assert!(judged(Target::AtLeast(3.0)).contains("| ≥ 3.00 /s | met |"));
        assert!(judged(Target::AtLeast(3.1)).contains("missed"));
    }

    #[test]
    fn numbers_are_shown_with_the_digits_that_mean_something() {
        assert_eq!(shown(1_234_567.8), "1,234,568");
        assert_eq!(shown(67.25), "67.2");
        assert_eq!(shown(2.345), "2.35");
    }
}
