internal import Model

extension Report {
    /// Where the page of a target is in the report's folder.
    func pageName(of target: String) -> String { "\(target).html" }

    /// The first page: how far each target is, and the causes of the failures.
    func overviewPage() -> String {
        page(titled: status.deployment) { page in
            page.element("ul") { page in
                for repository in status.repositories {
                    page.element("li", text: "\(repository.location) at \(repository.commit.prefix(12))")
                }
            }
            writeTargets(to: &page)
            writeCauses(to: &page)
        }
    }

    private func writeTargets(to page: inout Markup) {
        let words = TargetTable.stateOrder.filter { word in status.targets.contains { $0.states[word] != nil } }
        page.element("table") { page in
            page.writeHeader(["target", "cells"] + words)
            for target in status.targets {
                page.element("tr") { page in
                    page.element("th") { $0.element("a", ["href": pageName(of: target.name)], text: target.name) }
                    page.element("td", text: "\(target.cells)")
                    for word in words {
                        page.element("td", ["class": word], text: target.states[word].map { "\($0)" } ?? "")
                    }
                }
            }
        }
    }

    private func writeCauses(to page: inout Markup) {
        guard !causes.isEmpty else { return }
        page.element("h2", text: "Why packages fail")
        page.element("table") { page in
            page.writeHeader(["error", "phase", "fails", "blocks", "where"])
            for cause in causes {
                page.element("tr") { page in
                    page.element("td", ["class": "reason"], text: cause.reason ?? cause.signature)
                    page.element("td", text: cause.phase?.rawValue ?? "")
                    page.element("td", text: "\(cause.cells.count)")
                    page.element("td", text: "\(cause.blocks.count)")
                    page.element("td") { page in
                        for cell in cause.cells.prefix(20) { writeLink(to: cell, on: &page) }
                        if cause.cells.count > 20 { page.write("and \(cause.cells.count - 20) more") }
                    }
                }
            }
        }
    }

    private func writeLink(to cell: Cell, on page: inout Markup) {
        page.element("a", ["href": "\(pageName(of: cell.target))#\(cell.package)"], text: cell.description)
    }

    /// The page of a target: packages down, compilers across, and why what is not good is so.
    func page(of table: TargetTable) -> String {
        page(titled: "\(status.deployment): \(table.target)") { page in
            page.element("p") { page in
                page.element("a", ["href": "index.html"], text: "all targets")
                page.write(" · " + table.counts.map { "\($0.count) \($0.state)" }.joined(separator: ", "))
            }
            page.open("input", ["id": "filter", "type": "search", "placeholder": "package, state or error"])
            page.element("table", ["id": "cells"]) { page in
                page.writeHeader(["package"] + table.compilers + ["why"])
                for row in table.rows { write(row, to: &page) }
            }
            page.verbatim("script", Self.filterScript)
        }
    }

    private func write(_ row: TargetTable.Row, to page: inout Markup) {
        page.element("tr", ["id": row.package.description]) { page in
            page.element("th", text: row.package.description)
            for state in row.states {
                page.element("td", ["class": state?.state ?? ""]) { page in
                    guard let state else { return }
                    if let log = state.log, logs.contains(log) {
                        page.element("a", ["href": Self.logName(log)], text: state.words)
                    } else {
                        page.write(state.words)
                    }
                }
            }
            page.element("td", ["class": "reason"], text: reason(of: row))
        }
    }

    /// Why the cells of a row are not good: once where they agree.
    private func reason(of row: TargetTable.Row) -> String {
        let told = row.states.compactMap { $0 }.filter { $0.reason != nil && $0.blockedBy == nil }
        let reasons = Set(told.compactMap(\.reason))
        if reasons.count == 1 { return reasons.joined() }
        return told.map { "\($0.cell.compiler): \($0.reason ?? "")" }.joined(separator: "\n")
    }

    private func page(titled title: String, _ content: (inout Markup) -> Void) -> String {
        var page = Markup(prologue: "<!DOCTYPE html>\n")
        page.element("html", ["lang": "en"]) { page in
            page.element("head") { page in
                page.open("meta", ["charset": "utf-8"])
                page.open("meta", ["name": "viewport", "content": "width=device-width"])
                page.element("title", text: title)
                page.verbatim("style", Self.style)
            }
            page.element("body") { page in
                page.element("h1", text: title)
                content(&page)
            }
        }
        return page.text
    }

    private static let style = """
        :root { color-scheme: light dark; }
        body { font: 15px/1.4 system-ui, sans-serif; margin: 1rem 2rem; }
        table { border-collapse: collapse; margin: 1rem 0; }
        th, td { padding: .15rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
        thead th { position: sticky; top: 0; background: Canvas; }
        .success { color: light-dark(#1a7f37, #57ab5a); }
        .failure { color: light-dark(#c21f2c, #f47067); font-weight: 600; }
        .blocked { color: light-dark(#9a6700, #daaa3f); }
        .unsolvable { color: light-dark(#8250df, #b392f0); }
        .infrastructure, .cancelled, .pending, .excluded { color: GrayText; }
        .reason { white-space: pre-wrap; font-family: ui-monospace, monospace; font-size: 13px; max-width: 60rem; }
        td > a { color: inherit; margin-right: .5rem; }
        """

    /// Hides the rows that do not hold every word that was typed.
    private static let filterScript = """
        const filter = document.getElementById("filter");
        filter.oninput = () => {
            const words = filter.value.toLowerCase().split(/\\s+/);
            for (const row of document.querySelectorAll("#cells tbody tr")) {
                const text = row.textContent.toLowerCase();
                row.hidden = !words.every(word => text.includes(word));
            }
        };
        """
}

extension Markup {
    /// Writes a table's row of titles.
    fileprivate mutating func writeHeader(_ titles: [String]) {
        element("thead") { page in
            page.element("tr") { page in
                for title in titles { page.element("th", text: title) }
            }
        }
    }
}
