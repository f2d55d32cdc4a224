internal import Core
internal import Model

/// The header and footer common to all pages of a site.
struct PageFrame: Sendable {
    private let deployment: String
    private let footer: String
    private let style = Site.asset("style.css")
    /// The script of a live site; nil for other sites.
    private let script: String?
    private let navigation: [(href: String, label: String)]

    /// - Parameter run: The number of the newest run; nil if none is recorded.
    init(_ header: PlanHeader, run: Int?, isLive: Bool) {
        deployment = header.deployment.displayable
        let repositories = header.repositories.map { "\($0.location) at \($0.commit.prefix(12))" }
        footer = ([run.map { "Run \($0)" }] + repositories).compactMap { $0 }.joined(separator: " · ").displayable
        script = isLive ? Site.asset("live.js") : nil
        navigation =
            [
                ("index.html", "Start"), ("grid.html", "Grid"), ("causes.html", "Causes"),
                ("packages.html", "Packages"), ("maintainers.html", "Maintainers"), ("targets.html", "Targets"),
                ("runs.html", "Runs"), ("unsolvable.html", "Unsolvable"), ("flaky.html", "Flaky"),
                ("accepted.html", "Accepted"),
            ] + (isLive ? [("queue.html", "Queue")] : [])
    }

    /// The template values of the frame for the page at a path.
    func values(at path: String) -> TemplateValues {
        [
            "deployment": deployment, "style": style, "summary": footer, "live": optional(script),
            "root": String(repeating: "../", count: path.utf8.count { $0 == UInt8(ascii: "/") }),
            "replaces": script != nil && ["index.html", "queue.html", "runs.html"].contains(path),
            "navigation": navigation.map { href, label -> TemplateValues in
                ["href": href, "label": label, "current": href == path]
            },
        ]
    }
}
