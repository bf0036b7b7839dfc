//! The picture of a run: each row's time as a part of libevent's.

use std::fmt::Write as _;

use super::report::Report;
use super::worker::Contestant;

const LINE: f64 = 20.0;
const TOP: f64 = 56.0;
const LEFT: f64 = 330.0;
/// libevent's time, in pixels.
const UNIT: f64 = 320.0;
/// What is longer is cut off here.
const MOST: f64 = 1.5;

fn colour(contestant: Contestant) -> &'static str {
    match contestant {
        Contestant::Reference => "#888888",
        Contestant::Ours => "#2f6fde",
        Contestant::Libev => "#d98200",
        Contestant::Libuv => "#2f9e44",
        Contestant::Epoll => "#c92a2a",
        Contestant::Cares => "#7048e8",
        Contestant::Nginx => "#0b7285",
    }
}

pub fn draw(report: &Report) -> String {
    let rows: Vec<_> = report.rows().collect();
    let bottom = TOP + LINE * rows.len() as f64;
    let (width, height) = (LEFT + UNIT * MOST + 70.0, bottom + 16.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"14\">Cost as a part of libevent's: shorter is better</text>\n"
    );
    let mut x = 10.0;
    for contestant in Contestant::ALL {
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"34\" width=\"10\" height=\"10\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"43\">{}</text>",
            colour(contestant),
            x + 14.0,
            contestant.name()
        );
        x += 92.0;
    }
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + LINE * index as f64;
        let ours = report.ratio(row.work, Contestant::Ours).unwrap_or(0.0);
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"12\" fill=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{ours:.2}</text>",
            LEFT - 8.0,
            y + 13.0,
            row.title,
            y + 3.0,
            UNIT * ours.min(MOST),
            colour(Contestant::Ours),
            LEFT + UNIT * MOST + 12.0,
            y + 13.0,
        );
        for &contestant in row.others {
            if let Some(ratio) = report.ratio(row.work, contestant) {
                let _ = writeln!(
                    text,
                    "<rect x=\"{:.1}\" y=\"{}\" width=\"4\" height=\"16\" fill=\"{}\"/>",
                    LEFT + UNIT * ratio.min(MOST) - 2.0,
                    y + 1.0,
                    colour(contestant),
                );
            }
        }
    }
    let line = LEFT + UNIT;
    let _ = writeln!(
        text,
        "<path d=\"M{line} {}V{bottom}\" stroke=\"{}\" stroke-width=\"2\"/>\n</svg>",
        TOP - 4.0,
        colour(Contestant::Reference),
    );
    text
}
