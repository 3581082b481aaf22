//! Figures as a reader gets them: well-formed, complete, never empty.

use astrarium_analysis::plot::{Axis, Comparison, Draw, Figure, Mark, Notation, PlotError, Series, png, svg};
use astrarium_analysis::stats::wilson;
use astrarium_analysis::theory::race::{Start, double_spend};

/// Noisy double-spend points: the error of each is a fixed pattern of at most 1.2 standard errors.
fn race(log: bool, n: u64) -> Figure {
    let pattern = [0.4, -0.9, 0.1, 1.2, -0.3, 0.8, -1.1, 0.2, -0.6];
    let series = [1, 2, 3, 6, 10].into_iter().map(|z| {
        let exact = |q: f64| double_spend(q, z, Start::ROSENFELD).unwrap();
        let marks = (1..=9).map(|i| {
            let (q, noise) = (0.05 * f64::from(i), pattern[((i + z as i32) % 9) as usize]);
            let p = exact(q);
            let hits = (n as f64 * (p + noise * (p * (1.0 - p) / n as f64).sqrt())).round().max(0.0) as u64;
            let ends = wilson(hits, n, 0.95).unwrap();
            Mark { x: q, y: hits as f64 / n as f64, interval: Some((ends.lo, ends.hi)) }
        });
        let theory = (0..=160).map(|i| 0.05 + 0.0025 * f64::from(i)).map(|q| (q, exact(q))).collect();
        Series { label: z.to_string(), marks: marks.collect(), theory, ..Series::default() }
    });
    Figure {
        title: "Double spend".to_owned(),
        subtitle: "Success of a private-chain double spend against z confirmations in the instant network"
            .to_owned(),
        x: Axis {
            title: "adversary's share of the hash power".to_owned(),
            notation: Notation::Percent,
            ..Axis::default()
        },
        y: Axis { title: "attack success".to_owned(), log, notation: Notation::Percent, ..Axis::default() },
        legend: "confirmations".to_owned(),
        series: series.collect(),
        theory: Some("closed form".to_owned()),
        interval: Some("95 % interval".to_owned()),
        footer: format!(
            "{n} runs per point · 95 % Wilson intervals · scenario double-spend · seed 1 · astrarium 0.1.0"
        ),
        ..Figure::default()
    }
}

/// Tags that are opened and closed properly, and the texts.
fn parse(document: &str) -> (usize, Vec<String>) {
    let mut reader = quick_xml::Reader::from_str(document);
    reader.config_mut().check_end_names = true;
    let (mut elements, mut texts) = (0, Vec::new());
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Eof => return (elements, texts),
            quick_xml::events::Event::Start(_) | quick_xml::events::Event::Empty(_) => elements += 1,
            quick_xml::events::Event::Text(text) => {
                let text = text.decode().expect("UTF-8").trim().to_owned();
                if !text.is_empty() {
                    texts.push(text);
                }
            }
            _ => {}
        }
    }
}

/// Where a developer wants to see the pictures, tests leave them.
fn keep(name: &str, figure: &Figure) {
    if let Some(folder) = option_env!("ASTRARIUM_KEEP_FIGURES") {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(format!("{folder}/{name}.svg"), svg(figure).unwrap()).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), png(figure).unwrap()).unwrap();
    }
}

#[test]
fn an_svg_is_well_formed_and_says_everything_in_text() {
    let figure = race(false, 2_000);
    keep("race", &figure);
    let document = svg(&figure).unwrap();
    let (elements, texts) = parse(&document);
    assert!(elements > 200, "{elements}");
    for wanted in
        ["Double spend", "attack success", "confirmations", "10", "40 %", "closed form", "95 % interval"]
    {
        assert!(texts.iter().any(|t| t == wanted), "no text {wanted:?} in {texts:?}");
    }
    assert!(texts.iter().any(|t| t.contains("2000 runs per point") && t.contains("seed 1")));
    assert_eq!(document, svg(&race(false, 2_000)).unwrap(), "same data, same bytes");
    assert!(document.contains("viewBox") && !document.contains("NaN") && !document.contains("inf"));
    assert!(document.len() < 400_000, "{} bytes", document.len());
}

#[test]
fn a_log_axis_shows_upper_limits_for_what_was_never_seen() {
    let figure = race(true, 500);
    keep("race-log", &figure);
    let (_, texts) = parse(&svg(&figure).unwrap());
    assert!(texts.iter().any(|t| t == "none seen: upper end"));
    let (_, texts) = parse(&svg(&race(false, 500)).unwrap());
    assert!(!texts.iter().any(|t| t == "none seen: upper end"));
}

#[test]
fn a_png_decodes_to_twice_the_nominal_size_with_ink_on_it() {
    let bytes = png(&race(false, 2_000)).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes.as_slice())).read_info().unwrap();
    let mut picture = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut picture).unwrap();
    assert_eq!((info.width, info.height), (1800, 1120));
    let coloured = picture.chunks_exact(3).filter(|p| p[0].abs_diff(p[2]) > 60).count();
    assert!(coloured > 5_000, "{coloured} coloured pixels");
    assert_eq!(bytes, png(&race(false, 2_000)).unwrap(), "same data, same bytes");
}

#[test]
fn a_few_points_bars_steps_and_lines_make_figures_too() {
    let mark = |x: f64, y: f64, half: f64| Mark { x, y, interval: Some((y - half, y + half)) };
    let one = Series { marks: vec![mark(600.0, 0.0165, 0.002)], ..Series::default() };
    let few = Series {
        marks: vec![mark(1.0, 0.4, 0.05), mark(12.0, 0.08, 0.02), mark(600.0, 0.004, 0.002)],
        ..Series::default()
    };
    let axis =
        |title: &str, log, notation| Axis { title: title.to_owned(), log, notation, ..Axis::default() };
    let base = Figure {
        title: "Stale rate".to_owned(),
        x: axis("block interval", true, Notation::Seconds),
        y: axis("stale rate", false, Notation::Percent),
        footer: "3 runs per point".to_owned(),
        ..Figure::default()
    };
    let steps = Series {
        marks: (1..=60)
            .map(|i| Mark { x: f64::from(i * i), y: f64::from(i) / 60.0, interval: None })
            .collect(),
        draw: Draw::Steps,
        ..Series::default()
    };
    let wave = |phase: f64| Series {
        label: format!("replica {phase}"),
        marks: (0..200)
            .map(|i| mark(f64::from(i), 50.0 + 40.0 * libm::sin(f64::from(i) / 30.0 + phase), 4.0))
            .collect(),
        draw: Draw::Line,
        ..Series::default()
    };
    let bars = |label: &str, scale: f64| Series {
        label: label.to_owned(),
        marks: (0..4).map(|i| mark(f64::from(i), scale * f64::from(i + 1), 0.3 * scale)).collect(),
        draw: Draw::Bars,
        ..Series::default()
    };
    let kinds = ["inv", "getdata", "block", "compact block"].map(str::to_owned).to_vec();
    let bounded =
        Series { bounds: vec![(1.0, 0.3, 0.5), (12.0, 0.06, 0.1), (600.0, 0.003, 0.005)], ..few.clone() };
    let all = [
        ("one", Figure { series: vec![one], ..base.clone() }),
        ("few", Figure { series: vec![few], interval: Some("95 % interval".to_owned()), ..base.clone() }),
        ("bounded", Figure { series: vec![bounded], ..base.clone() }),
        (
            "steps",
            Figure {
                x: axis("time to half of the nodes (ms)", false, Notation::Number),
                series: vec![steps],
                ..base.clone()
            },
        ),
        (
            "lines",
            Figure {
                x: axis("time (s)", false, Notation::Number),
                y: axis("queue (kB)", false, Notation::Number),
                series: vec![wave(0.0), wave(1.0)],
                ..base.clone()
            },
        ),
        (
            "bars",
            Figure {
                x: Axis { title: "message".to_owned(), categories: kinds, ..Axis::default() },
                y: axis("bytes", false, Notation::Number),
                series: vec![bars("400 nodes", 1.2e6), bars("6000 nodes", 2.6e6)],
                ..base.clone()
            },
        ),
    ];
    for (name, figure) in all {
        keep(name, &figure);
        let (elements, texts) = parse(&svg(&figure).unwrap());
        assert!(elements > 15 && texts.iter().any(|t| t == "Stale rate"), "{name}: {elements}");
    }
}

#[test]
fn a_comparison_line_and_its_crossings_are_shown() {
    let line: Vec<(f64, f64)> = (0..=40).map(|i| 0.01 * f64::from(i)).map(|x| (x, x)).collect();
    let theory: Vec<(f64, f64)> = line.iter().map(|(x, _)| (*x, 4.0 * x * x)).collect();
    let marks = [0.1, 0.2, 0.3].map(|x| Mark { x, y: 4.0 * x * x + 0.002, interval: None }).to_vec();
    let figure = Figure {
        title: "Selfish mining <γ & friends>".to_owned(),
        series: vec![Series { label: "0.5".to_owned(), marks, theory, ..Series::default() }],
        theory: Some("Eyal–Sirer".to_owned()),
        comparison: Some(Comparison {
            label: "honest mining".to_owned(),
            line,
            crossing: "threshold".to_owned(),
            crossings: vec![(0, 0.25, 0.25)],
        }),
        ..Figure::default()
    };
    keep("comparison", &figure);
    let document = svg(&figure).unwrap();
    let (_, texts) = parse(&document);
    assert!(texts.iter().any(|t| t == "honest mining") && texts.iter().any(|t| t == "threshold"));
    assert!(document.contains("&lt;γ &amp; friends&gt;"), "markup is escaped");
}

#[test]
fn an_empty_frame_is_an_error_that_names_the_figure() {
    let figure = Figure { title: "Nothing".to_owned(), series: vec![Series::default()], ..Figure::default() };
    let error = svg(&figure).unwrap_err();
    assert!(matches!(error, PlotError::Empty { .. }) && error.to_string().contains("Nothing"), "{error}");
    assert!(png(&figure).is_err());
}

#[test]
fn hostile_numbers_do_not_break_a_figure() {
    let wild = [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-300, 1e300];
    for log in [false, true] {
        let marks = wild
            .iter()
            .flat_map(|x| wild.iter().map(|y| Mark { x: *x, y: *y, interval: Some((*y, f64::INFINITY)) }))
            .collect();
        let figure = Figure {
            x: Axis { log, ..Axis::default() },
            y: Axis { log, ..Axis::default() },
            series: vec![Series { marks, theory: vec![(1.0, f64::NAN)], ..Series::default() }],
            title: "x".repeat(5_000),
            footer: "y ".repeat(5_000),
            ..Figure::default()
        };
        parse(&svg(&figure).unwrap());
    }
}
