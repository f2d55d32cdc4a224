package import Archive
internal import OpamFormat

/// The changes of an installation below the switch's prefix: opam's `.opam-switch/install/NAME.changes`, which `opam
/// remove` uses.
///
/// Files are identified by size and modification time. Layers give every file the same time, which is therefore used
/// here.
package struct ChangesFile: Hashable, Sendable {
    /// The new contents of a path.
    package enum Content: Hashable, Sendable {
        case file(size: Int)
        case directory
        case link(target: FilePath)
    }

    /// The change of a path.
    package enum Change: Hashable, Sendable {
        case added(Content)
        case removed
        case contentsChanged(Content)
        case permissionsChanged(Content)
        case kindChanged(Content)
    }

    /// The changes by path relative to the prefix.
    package var changes: [FilePath: Change]
    /// The modification time of every file in seconds since 1970.
    package var time: Int

    package init(changes: [FilePath: Change] = [:], time: Int) {
        self.changes = changes
        self.time = time
    }

    /// The file in the format of opam 2.1 and later.
    package var bytes: [UInt8] {
        var bytes = Array("opam-version: \"2.0\"\n".utf8)
        let sorted = changes.sorted { $0.key < $1.key }
        for field in ["added", "removed", "contents-changed", "perm-changed", "kind-changed"] {
            let entries = sorted.compactMap { path, change -> [UInt8]? in
                let (name, content) = described(change)
                guard name == field else { return nil }
                return Printer.quoted(path.bytes)
                    + (content.map { Array(" {".utf8) + Printer.quoted($0) + [brace] } ?? [])
            }
            switch entries.count {
            case 0: continue
            case 1: bytes += Array("\(field): ".utf8) + entries[0] + [newline]
            default:
                bytes += Array("\(field): [\n".utf8) + entries.flatMap { Array("  ".utf8) + $0 + [newline] }
                bytes += Array("]\n".utf8)
            }
        }
        return bytes
    }

    /// A file written by opam with the times of all files replaced; names may have any encoding.
    package static func settingTimes(to time: Int, in file: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = file[...]
        let mark = Array("{\"F:S".utf8)
        while let byte = rest.first {
            guard byte == mark[0], rest.starts(with: mark) else {
                result.append(byte)
                rest = rest.dropFirst()
                continue
            }
            let size = rest.dropFirst(mark.count).prefix(while: isDigit)
            let afterSize = rest.dropFirst(mark.count + size.count)
            result += mark + size
            rest = afterSize
            guard afterSize.first == UInt8(ascii: "T") else { continue }
            result += Array("T\(time).".utf8)
            rest = afterSize.dropFirst().drop { isDigit($0) || $0 == UInt8(ascii: ".") }
        }
        return result
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private var brace: UInt8 { UInt8(ascii: "}") }
    private var newline: UInt8 { UInt8(ascii: "\n") }

    private func described(_ change: Change) -> (field: String, content: [UInt8]?) {
        switch change {
        case .added(let content): ("added", text(content))
        case .removed: ("removed", nil)
        case .contentsChanged(let content): ("contents-changed", text(content))
        case .permissionsChanged(let content): ("perm-changed", text(content))
        case .kindChanged(let content): ("kind-changed", text(content))
        }
    }

    private func text(_ content: Content) -> [UInt8] {
        switch content {
        case .file(let size): Array("F:S\(size)T\(time).".utf8)
        case .directory: Array("D".utf8)
        case .link(let target): Array("L:".utf8) + target.bytes
        }
    }
}
