import Core
import Foundation
import Git
import Store

/// Measures the disk usage of results, a commit each, as `ci run` writes them: the document and its part of an index of
/// 256.
struct SizeOfResults {
    let directory: String
    let results: Int
    /// Results between two repacks, as in a run.
    private let interval = 500

    func run() throws {
        let store = try Store(at: "\(directory)/results", options: StoreOptions(durability: .process))
        let branch = try Branch("results/opam/debian-12")
        // Two runs of half as many cells each: the second one changes the results of the first one.
        let cells = results / 2
        var index: [StorePath: IndexPart] = [:]
        var repacking: (time: Double, cpu: Double, worst: Double, count: Int) = (0, 0, 0, 0)
        var unpacked = 0
        let time = try milliseconds {
            for number in 0..<results {
                try record(number, of: cells, in: store, branch, &index)
                guard (number + 1).isMultiple(of: interval) else { continue }
                if number < interval { unpacked = size() }
                let before = processTime()
                let time = try milliseconds { try store.repackIfNeeded(grace: 0) }
                repacking.time += time
                repacking.cpu += processTime() - before
                repacking.worst = max(repacking.worst, time)
                repacking.count += 1
            }
        }
        row("\(results) results, a commit each", "\(((time - repacking.time) / 1e3).short) s, without repacking")
        row("the first \(interval) of them, not repacked yet", "\(unpacked) bytes")
        row(
            "\(repacking.count) repacks, one after \(interval) results each",
            "\((repacking.time / 1e3).short) s, \((repacking.cpu / 1e3).short) s of CPU, the longest "
                + "\((repacking.worst / 1e3).short) s; \(size()) bytes in \(packs()) packs")
        let packing = try milliseconds { try store.repack(grace: 0) }
        row("then all in one pack", "\((packing / 1e3).short) s; \(size()) bytes")
        try git(["fsck", "--strict", "--connectivity-only"], at: "\(directory)/results")
    }

    /// - Parameter index: the contents of the parts of the index, because reading and encoding them again would take
    ///   most of the time.
    private func record(
        _ number: Int, of cells: Int, in store: Store, _ branch: Branch,
        _ index: inout [StorePath: IndexPart]
    ) throws {
        var value = SampleResult(number % cells)
        value.log = Digest(of: "log \(number)")
        let name = "5.3.0/package\(number % cells % 5_000)/\(number % cells / 5_000).0.json"
        let path = try StorePath(name)
        let part = try StorePath("index/\(Digest(of: name).hex.prefix(2)).json")
        let bytes = [UInt8](try CanonicalJSON.encode(value))
        index[part, default: IndexPart()].set(name, bytes)
        let partBytes = index[part]?.bytes ?? []
        try store.transact(branch, "\(value.cell): \(value.outcome)\n\nCell: \(value.cell)\nLog: \(value.log)\n") {
            try $0.write(bytes: bytes, to: path)
            try $0.write(bytes: partBytes, to: part)
        }
    }

    /// The bytes of files, without directories.
    private func size() -> Int {
        let top = "\(directory)/results/objects"
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: top)) ?? []
        return paths.reduce(0) { sum, path in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(top)/\(path)")
            let isFile = attributes?[.type] as? FileAttributeType == .typeRegular
            return sum + (isFile ? attributes?[.size] as? Int ?? 0 : 0)
        }
    }

    private func packs() -> Int {
        let top = "\(directory)/results/objects/pack"
        return (try? FileManager.default.contentsOfDirectory(atPath: top))?.count { $0.hasSuffix(".pack") } ?? 0
    }
}

/// A part of the index, its values encoded and indented.
private struct IndexPart {
    private var values: [String: [UInt8]] = [:]

    /// - Parameter bytes: a value as canonical JSON.
    mutating func set(_ name: String, _ bytes: [UInt8]) {
        let lines = bytes.dropLast().split(separator: UInt8(ascii: "\n"))
        values[name] = Array(lines.joined(separator: Array("\n  ".utf8)))
    }

    /// One object of all values by their names, as canonical JSON.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            bytes += Array((bytes.isEmpty ? "{\n  \"\(name)\" : " : ",\n  \"\(name)\" : ").utf8) + value
        }
        return bytes + Array("\n}\n".utf8)
    }
}
