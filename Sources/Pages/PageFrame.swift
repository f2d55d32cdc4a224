internal import Core
internal import Model

/// The header and footer common to all pages of a site.
struct PageFrame: Sendable {
    private let deployment: String
    /// The newest run and the repositories. They are in a style sheet, so that a run does not change all pages.
    private let footer: String
    private let style = Site.asset("style.css")
    /// The script of a live site; nil for other sites.
    private let script: String?
    private let templates: PageTemplates
    private let links: [(href: String, label: String)]
    /// The links of pages that are not linked themselves, by the depth of the page.
    private let navigation: [String]

    /// - Parameter run: The number of the newest run; nil if none is recorded.
    init(_ header: PlanHeader, run: Int?, isLive: Bool, _ templates: PageTemplates) {
        self.templates = templates
        deployment = header.deployment.displayable
        let repositories = header.repositories.map { "\($0.location) at \($0.commit.prefix(12))" }
        footer = ([run.map { "Run \($0)" }] + repositories).compactMap { $0 }.joined(separator: " · ").displayable
        script = isLive ? Site.asset("live.js") : nil
        let links: [(href: String, label: String)] =
            [
                ("index.html", "Start"), ("grid.html", "Grid"), ("causes.html", "Causes"),
                ("packages.html", "Packages"), ("maintainers.html", "Maintainers"), ("targets.html", "Targets"),
                ("runs.html", "Runs"), ("unsolvable.html", "Unsolvable"), ("flaky.html", "Flaky"),
                ("accepted.html", "Accepted"),
            ] + (isLive ? [("queue.html", "Queue")] : [])
        self.links = links
        navigation = (0...Self.depth).map { Self.navigation(links, at: "", depth: $0, templates) }
    }

    /// The depth of the deepest pages.
    private static let depth = 3

    private static func navigation(
        _ links: [(href: String, label: String)], at path: String, depth: Int, _ templates: PageTemplates
    ) -> String {
        templates.render(
            "navigation",
            [
                "root": root(depth: depth),
                "links": links.map { href, label -> TemplateValues in
                    ["href": href, "label": label, "current": href == path]
                },
            ])
    }

    /// The path of the style sheet with the footer.
    static let runStyle = "run.css"

    /// The style sheet that completes the footer of pages.
    var runStyle: Page {
        // Escapes of six digits need no delimiter.
        let text = footer.unicodeScalars.map { scalar in
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

    private static func root(depth: Int) -> String { String(repeating: "../", count: depth) }

    /// The template values of the frame for the page at a path.
    func values(at path: String) -> TemplateValues {
        let depth = path.utf8.count { $0 == UInt8(ascii: "/") }
        let isLinked = links.contains { $0.href == path }
        return [
            "deployment": deployment, "style": style, "live": optional(script),
            "runStyle": Self.runStyle,
            "root": Self.root(depth: depth),
            "replaces": script != nil && ["index.html", "queue.html", "runs.html"].contains(path),
            "navigation": isLinked || depth > Self.depth
                ? Self.navigation(links, at: path, depth: depth, templates) : navigation[depth],
        ]
    }
}
