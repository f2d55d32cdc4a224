internal import Core
internal import Git

/// The logs and layers that the newest documents need, all of which must exist.
extension Verifier {
    mutating func checkNeededContents(_ repository: GitRepository) {
        let layers = Set(ObjectDirectory(directory: layout.objects).list().map(\.digest))
            .union(rebuilding.keptElsewhere)
        // Logs in an unreadable archive are reported with it.
        let logs = try? Set(LogDirectory(directory: layout.logs).list().map(\.digest))
            .union(rebuilding.keptElsewhere)
        for name in (try? repository.references(prefix: "refs/heads/")) ?? [] {
            guard let head = (try? repository.reference(name)) ?? nil,
                let tree = (try? repository.commit(head))?.tree
            else { continue }
            let branch = String(name.dropFirst("refs/heads/".count))
            let lost = lost(in: tree, of: branch, repository, layers: layers, logs: logs)
            note(lost.logs, .log, branch, advice: "`ci retry` runs the jobs again, which creates new logs")
            note(lost.layers, .layer, branch, advice: "`ci run` recreates a layer when it is needed")
        }
    }

    private typealias Lost = [(digest: Digest, owner: String)]

    private func lost(
        in tree: ObjectID, of branch: String, _ repository: GitRepository, layers: Set<Digest>, logs: Set<Digest>?
    ) -> (logs: Lost, layers: Lost) {
        var (lostLogs, lostLayers): (Lost, Lost) = ([], [])
        // Unreadable directories are reported elsewhere.
        try? repository.walk(tree) { path, entry in
            guard entry.kind == .file else { return (try? repository.tree(entry.id)) != nil }
            guard let bytes = try? repository.blob(entry.id), let contents = rebuilding.contents(branch, path, bytes)
            else { return false }
            if let logs {
                lostLogs += contents.logs.filter { !logs.contains($0) }.map { ($0, contents.owner) }
            }
            lostLayers += contents.layers.filter { !layers.contains($0) }.map { ($0, contents.owner) }
            return false
        }
        return (lostLogs, lostLayers)
    }

    /// One finding for a whole branch, because a whole archive or directory may be lost.
    private mutating func note(_ lost: Lost, _ subject: StoreFinding.Subject, _ branch: String, advice: String) {
        guard !lost.isEmpty else { return }
        let names = lost.prefix(20).map { "\($0.digest) (\($0.owner))" }.joined(separator: ", ")
        note(
            .damage, subject,
            "branch '\(branch)': \(count(lost.count, subject.rawValue)) of its results \(lost.count == 1 ? "is" : "are") missing: "
                + names + (lost.count > 20 ? ", …" : ""), advice: advice)
    }
}
