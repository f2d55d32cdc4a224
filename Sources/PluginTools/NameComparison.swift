internal import Core
package import PluginMessages

/// A plugin's names of system packages for one target, compared with the distro's list.
package struct NameComparison: Encodable {
    /// A name that does not agree with the list.
    package struct Mistake: Encodable {
        enum Kind: String, Encodable {
            /// The plugin installs it, and the distro does not have it.
            case missing
            /// The plugin says that the distro does not have it, and it does.
            case present
        }

        var kind: Kind
        var name: String
        /// How the plugin comes to it.
        var origin: String
        /// Names of the list that are spelt alike.
        var nearest: [String]
    }

    var target: String
    /// The list's name, as given.
    var list: String
    /// How many names were compared.
    var compared: Int
    /// When the plugin says that its names were compared last.
    var lastCompared: String?
    /// The names that the list contradicts.
    package var mistakes: [Mistake] = []

    /// - Parameters:
    ///   - packages: what becomes of a repository's depexts.
    ///   - installed: what the bootstrap installs.
    package init(
        target: String, against list: PackageList, called listName: String, packages: [SystemPackage],
        installed: [String], lastCompared: String?
    ) {
        self.target = target
        self.list = listName
        self.lastCompared = lastCompared
        var origins: [String: String] = [:]
        for name in installed { origins[name] = "installed in every environment" }
        for package in packages {
            for name in package.packages where origins[name] == nil {
                origins[name] =
                    package.status == .mapped ? "the plugin's name for '\(package.name)'" : "passed through as it is"
            }
        }
        let unknown = packages.filter { $0.status == .unknown }.map(\.name)
        compared = origins.count + unknown.count
        for (name, origin) in origins.sorted(by: { $0.key < $1.key }) where !list.contains(name) {
            mistakes.append(.init(kind: .missing, name: name, origin: origin, nearest: list.nearest(to: name)))
        }
        for name in unknown.sorted() where list.contains(name) {
            mistakes.append(.init(kind: .present, name: name, origin: "called unknown by the plugin", nearest: []))
        }
    }

    /// The comparison for people.
    package var text: String {
        let last =
            lastCompared.map { "the plugin says that they were last compared on \($0)" } ?? "never compared before"
        var lines = ["\(target): \(compared) names compared with \(list); \(last)"]
        for mistake in mistakes {
            switch mistake.kind {
            case .missing:
                let near = mistake.nearest.isEmpty ? "" : "; near it: \(mistake.nearest.joined(separator: ", "))"
                lines.append("  '\(mistake.name)' is not in the list (\(mistake.origin))\(near)")
            case .present: lines.append("  '\(mistake.name)' is in the list (\(mistake.origin))")
            }
        }
        if mistakes.isEmpty { lines.append("  all agree") }
        return lines.joined(separator: "\n")
    }

    /// A line for each mistake.
    package var csv: String {
        mistakes.map { "\(target),\($0.kind.rawValue),\($0.name),\($0.nearest.joined(separator: " "))\n" }.joined()
    }
}

extension PackageList {
    /// Up to three names that are spelt like `name`, nearest first: the same but for a suffix or numbers, or few letters
    /// away.
    package func nearest(to name: String) -> [String] {
        var found: [String] = []
        var candidates = names.filter { $0.first == name.first && abs($0.count - name.count) <= max(2, name.count / 3) }
        let stem = Self.stem(name)
        let alike = candidates.filter { Self.stem($0) == stem }.sorted().suffix(3)
        found += alike
        candidates.subtract(alike)
        while found.count < 3, let next = Core.nearest(to: name, in: candidates.sorted()) {
            found.append(next)
            candidates.remove(next)
        }
        return found
    }

    private static func stem(_ name: String) -> String {
        name.filter { !$0.isNumber && $0 != "." }
    }
}
