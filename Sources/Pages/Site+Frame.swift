internal import Core
internal import Foundation
internal import Model
internal import Review
internal import System

extension Site {
    /// Renders a page: the common frame, and the template with `values`.
    ///
    /// - Parameter feed: The path of the page's feed from the site's root; nil if it has none.
    func page(
        _ template: String, at path: String, title: String, isWide: Bool = false, feed: String? = nil,
        _ values: TemplateValues
    ) -> Page {
        frame.page(template, at: path, title: shown(title), isWide: isWide, feed: feed, values)
    }

    /// The path of a style sheet or script, which includes its digest so that a changed file has a new path.
    static func asset(_ name: String) -> String {
        assetDigests[name].map { "\(name)?\($0)" } ?? name
    }

    /// Whether a path is that of a style sheet or script.
    package static func isAsset(_ path: String) -> Bool { assets[path] != nil }

    private static let assetDigests = assets.mapValues { Digest(of: $0.bytes).hex.prefix(8) }

    /// The files that pages load, by their names.
    static let assets = Dictionary(
        uniqueKeysWithValues: [
            Page("style.css", "text/css; charset=utf-8", PackageResources.style_css),
            Page("grid.js", "text/javascript; charset=utf-8", PackageResources.grid_js),
            Page("live.js", "text/javascript; charset=utf-8", PackageResources.live_js),
        ].map { ($0.path, $0) })

    /// Untrusted text for display: control characters are made visible. Templates escape markup.
    func shown(_ text: String) -> String { text.displayable }

    /// Untrusted text for display on one line, truncated to a length. An explanation of the solver has several lines.
    func shown(_ text: String, limit: Int) -> String {
        if text.utf8.count <= limit, text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: "; ").displayableOnOneLine
        return line.count > limit ? line.prefix(limit - 1) + "…" : line
    }

    // MARK: Addresses

    /// The characters of a path component that need no escape; a colon would look like a scheme.
    private static let plain = CharacterSet.urlPathAllowed.subtracting(["/", ":", ";", "%"])

    /// A name as a component of a path.
    func address(_ name: String) -> String {
        if name.utf8.allSatisfy(Self.isPlain) { return name }
        return name.addingPercentEncoding(withAllowedCharacters: Self.plain) ?? ""
    }

    /// Whether a byte is a letter, a digit or one of `-._+`, which need no escape.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// Whether a cell has its own page; other cells are rows on their package's page.
    static func hasOwnPage(_ cell: ListedCell) -> Bool {
        cell.state.outcome == .failure || cell.state.outcome == .infrastructure || cell.standing == .flaky
    }

    /// The path of a cell's own page.
    func path(of cell: Cell) -> String { "cells/\(cell.target)/\(cell.compiler)/\(cell.package).html" }

    /// The link to a cell, relative to the site's root.
    func href(_ cell: ListedCell) -> String {
        let name = cell.state.cell
        guard Self.hasOwnPage(cell) else { return "packages/\(address(name.package.name)).html#\(anchor(name))" }
        return "cells/\(address(name.target))/\(address(name.compiler))/\(address(name.package.description)).html"
    }

    /// The URL fragment of a cell on its package's page.
    func anchor(_ cell: Cell) -> String { address(cell.description.replacingScalar("/", with: "_")) }

    // MARK: Words

    /// The template values of a link to a cell: class, mark, text and path.
    func link(_ cell: ListedCell) -> TemplateValues {
        let look = StandingPresentation(cell)
        return [
            "class": look.name, "mark": look.mark, "words": shown(cell.state.words, limit: 60), "href": href(cell),
        ]
    }

    /// `2026-11-28 21:40 UTC`.
    func time(_ seconds: Int) -> String { "\(UTCTime.minute(seconds)) UTC" }

    /// `35,486`.
    func number(_ number: Int) -> String {
        var digits = Array(String(number).reversed())
        for index in stride(from: 3, to: digits.count, by: 3).reversed() { digits.insert(",", at: index) }
        return String(digits.reversed())
    }

    /// `1 cell`, `35,486 cells`.
    func counted(_ count: Int, _ noun: String) -> String { "\(number(count)) \(noun)\(count == 1 ? "" : "s")" }

    /// A short description of columns: "all columns", a compiler on all targets, or a target for all its compilers.
    func columnsInWords(_ cells: some Sequence<Cell>) -> String { shown(siteColumns.words(for: cells)) }

    /// Why a cell is in its state, on one line. The explanation of a cell without a solution begins with what was
    /// requested, which the name of the cell says too.
    func why(_ cell: ListedCell, limit: Int) -> String {
        let reason = cell.state.reason ?? ""
        guard cell.state.outcome == .unsolvable else { return shown(reason, limit: limit) }
        let lines = reason.split(whereSeparator: \.isNewline).drop { $0.hasPrefix("the request asks for ") }
        return shown(lines.isEmpty ? reason : lines.joined(separator: "\n"), limit: limit)
    }

    /// Since when a cell has had its state.
    func since(_ cell: ListedCell) -> String {
        switch (cell.sinceRun, cell.since) {
        case (let run?, let seconds?): "run \(run), \(time(seconds).prefix(10))"
        case (let run?, nil): "run \(run)"
        case (nil, let seconds?): String(time(seconds).prefix(10))
        case (nil, nil): ""
        }
    }
}
