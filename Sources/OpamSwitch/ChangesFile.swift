internal import OpamFormat

/// What an installation changed below the switch's prefix: opam's `.opam-switch/install/NAME.changes`, from which
/// `opam remove` knows what to take away.
///
/// A file is known by its size and its time. Layers give every file the same time, so it is given here too.
package struct ChangesFile: Hashable, Sendable {
    /// What is now at a path.
    package enum Content: Hashable, Sendable {
        case file(size: Int)
        case directory
        case link(target: String)
    }

    /// What became of a path.
    package enum Change: Hashable, Sendable {
        case added(Content)
        case removed
        case contentsChanged(Content)
        case permissionsChanged(Content)
        case kindChanged(Content)
    }

    /// By path, relative to the prefix.
    package var changes: [String: Change]
    /// Seconds since 1970, of every file.
    package var time: Int

    package init(changes: [String: Change] = [:], time: Int) {
        self.changes = changes
        self.time = time
    }

    /// The file as opam 2.1 and later write and read it.
    package var text: String {
        var text = "opam-version: \"2.0\"\n"
        let sorted = changes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for field in ["added", "removed", "contents-changed", "perm-changed", "kind-changed"] {
            let entries = sorted.compactMap { path, change -> String? in
                let (name, content) = described(change)
                guard name == field else { return nil }
                return Printer.quoted(path) + (content.map { " {\"\($0)\"}" } ?? "")
            }
            switch entries.count {
            case 0: continue
            case 1: text += "\(field): \(entries[0])\n"
            default: text += "\(field): [\n" + entries.map { "  \($0)\n" }.joined() + "]\n"
            }
        }
        return text
    }

    private func described(_ change: Change) -> (field: String, content: String?) {
        switch change {
        case .added(let content): ("added", text(content))
        case .removed: ("removed", nil)
        case .contentsChanged(let content): ("contents-changed", text(content))
        case .permissionsChanged(let content): ("perm-changed", text(content))
        case .kindChanged(let content): ("kind-changed", text(content))
        }
    }

    private func text(_ content: Content) -> String {
        switch content {
        case .file(let size): "F:S\(size)T\(time)."
        case .directory: "D"
        case .link(let target): "L:\(target.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))"
        }
    }
}
