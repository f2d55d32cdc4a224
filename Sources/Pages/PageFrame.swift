internal import Core
internal import Model

/// The header and footer common to all pages of a site.
struct PageFrame: Sendable {
    private let deployment: String
    /// The newest run and the repositories. They are in a style sheet, so that a run does not change all pages.
    private let footerText: String
    /// The script of a live site; nil for other sites.
    private let script: String?
    private let templates: PageTemplates
    private let links: [(href: String, label: String)]
    /// The parts of pages that are not linked themselves, by the depth of the page.
    private let parts: [Parts]

    /// The parts that pages of the same depth share.
    private struct Parts {
        let root: String
        let styles: String
        let header: String
        let footer: String
    }

    /// - Parameter run: The number of the newest run; nil if none is recorded.
    init(_ header: PlanHeader, run: Int?, isLive: Bool, _ templates: PageTemplates) {
        self.templates = templates
        deployment = header.deployment.displayable
        let repositories = header.repositories.map { "\($0.location) at \($0.commit.prefix(12))" }
        footerText = ([run.map { "Run \($0)" }] + repositories).compactMap { $0 }.joined(separator: " · ").displayable
        let script = isLive ? Site.asset("live.js") : nil
        let links: [(href: String, label: String)] =
            [
                ("index.html", "Start"), ("grid.html", "Grid"), ("causes.html", "Causes"),
                ("packages.html", "Packages"), ("maintainers.html", "Maintainers"), ("targets.html", "Targets"),
                ("runs.html", "Runs"), ("unsolvable.html", "Unsolvable"), ("flaky.html", "Flaky"),
                ("accepted.html", "Accepted"),
            ] + (isLive ? [("queue.html", "Queue")] : [])
        (self.script, self.links) = (script, links)
        let deployment = deployment
        parts = (0...Self.depth).map {
            Self.parts(ofPageAt: "", depth: $0, deployment: deployment, script: script, links, templates)
        }
    }

    /// The depth of the deepest pages.
    private static let depth = 3

    private static func parts(
        ofPageAt path: String, depth: Int, deployment: String, script: String?,
        _ links: [(href: String, label: String)], _ templates: PageTemplates
    ) -> Parts {
        let root = String(repeating: "../", count: depth)
        let values: TemplateValues = [
            "root": root, "style": Site.asset("style.css"), "runStyle": runStyle, "deployment": deployment,
            "live": optional(script),
            "links": links.map { href, label -> TemplateValues in
                ["href": href, "label": label, "current": href == path]
            },
        ]
        return Parts(
            root: root, styles: templates.render("styles", values), header: templates.render("header", values),
            footer: templates.render("footer", values))
    }

    private func parts(ofPageAt path: String) -> Parts {
        let depth = path.utf8.count { $0 == UInt8(ascii: "/") }
        if depth <= Self.depth, !links.contains(where: { $0.href == path }) { return parts[depth] }
        return Self.parts(
            ofPageAt: path, depth: depth, deployment: deployment, script: script, links, templates)
    }

    /// Renders a page: the header, the template with `values`, and the footer.
    ///
    /// - Parameter feed: The path of the page's feed from the site's root; nil if it has none.
    func page(
        _ template: String, at path: String, title: String, isWide: Bool, feed: String?, _ values: TemplateValues
    ) -> Page {
        let parts = parts(ofPageAt: path)
        let common: TemplateValues = [
            "title": title, "deployment": deployment, "feed": optional(feed), "root": parts.root,
        ]
        let head = templates.render(
            "head",
            common.merging([
                "styles": parts.styles, "header": parts.header, "wide": isWide,
                "replaces": script != nil && ["index.html", "queue.html", "runs.html"].contains(path),
            ]))
        return Page(html: head + templates.render(template, common.merging(values)) + parts.footer, at: path)
    }

    /// The path of the style sheet with the footer.
    static let runStyle = "run.css"

    /// The style sheet that completes the footer of pages.
    var runStyle: Page {
        // Escapes of six digits need no delimiter.
        let text = footerText.unicodeScalars.map { scalar in
            let isPlain =
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || " -./:·".unicodeScalars.contains(scalar)
            let hex = String(scalar.value, radix: 16)
            return isPlain ? String(scalar) : "\\" + String(repeating: "0", count: 6 - hex.count) + hex
        }
        return Page(
            Self.runStyle, "text/css; charset=utf-8",
            Array("@charset \"utf-8\";\nfooter a::after { content: \": \(text.joined())\"; }\n".utf8))
    }
}
