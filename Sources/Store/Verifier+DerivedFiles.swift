internal import Git
internal import System

/// Files that stock git derives from objects for speed and trusts: commit graphs, multi-pack indexes, reverse indexes,
/// bitmaps. Everything works without them.
extension Verifier {
    mutating func checkDerivedFiles() {
        for path in derivedFiles() {
            // Checked twice: stock git may have replaced it in the meantime.
            guard let problem = problem(ofDerived: path), self.problem(ofDerived: path) == problem else { continue }
            let before = self
            note(
                .disorder, .index, "'\(path)' \(problem)", repair: "move it aside: git recreates it when needed"
            ) { try before.moveAside(path) }
        }
    }

    private func derivedFiles() -> [String] {
        let packs = names(in: layout.packs).filter {
            $0 == "multi-pack-index" || $0.hasSuffix(".rev") || $0.hasSuffix(".bitmap")
        }
        let graphs = "\(layout.gitObjects)/info/commit-graphs"
        // The list of graphs first: without it no process uses them.
        let all =
            ["\(layout.gitObjects)/info/commit-graph", "\(graphs)/commit-graph-chain"]
            + names(in: graphs).filter { $0.hasSuffix(".graph") }.map { "\(graphs)/\($0)" }
            + packs.map { "\(layout.packs)/\($0)" }
        return all.filter { FileStatus($0) != nil }
    }

    private func problem(ofDerived path: String) -> String? {
        if path.hasSuffix("/commit-graph-chain") { return problem(ofChain: path) }
        guard let file = ChecksummedFile(path) else {
            return FileStatus(path) == nil ? nil : "is damaged: its checksum does not match"
        }
        guard path.hasSuffix("/multi-pack-index") else { return nil }
        guard let packNames = file.packNames else { return "is not an index of packs" }
        let there = Set(names(in: layout.packs))
        return packNames.first { !there.contains($0) }.map { "names the pack of '\($0)', which is missing" }
    }

    private func problem(ofChain path: String) -> String? {
        guard let bytes = try? Files.contents(of: path) else { return nil }
        let directory = path.dropLast("/commit-graph-chain".count)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.last?.isEmpty == true else { return "is truncated" }
        for line in lines.dropLast() {
            let graph = "\(directory)/graph-\(String(decoding: line, as: UTF8.self)).graph"
            guard ObjectID(hex: line) != nil, ChecksummedFile(graph) != nil else {
                return "names a commit graph that is missing or damaged"
            }
        }
        return nil
    }
}
