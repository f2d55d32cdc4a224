internal import Git
internal import Glibc
internal import System

/// The files of git's objects: packs with their indexes, and loose objects.
extension Verifier {
    mutating func checkPacks() {
        let all = Set(names(in: layout.packs))
        let bases = Set(all.filter { $0.hasSuffix(".idx") }.map { String($0.dropLast(4)) })
            .union(all.filter { $0.hasSuffix(".pack") && $0.hasPrefix("pack-") }.map { String($0.dropLast(5)) })
        var isChanged = false
        for name in bases.sorted() {
            let base = "\(layout.packs)/\(name)"
            // A pack with a `.keep` file belongs to a pending change.
            if all.contains("\(name).keep"), PackIndex.isSafe(base: base) { continue }
            // Checked twice: another process may have merged it with others in the meantime.
            if PackIndex.isIntact(base: base) || FileStatus("\(base).pack") == nil && FileStatus("\(base).idx") == nil {
                continue
            }
            checkPack(base)
            isChanged = true
        }
        if isChanged, repair { unlink("\(layout.packs)/multi-pack-index") }
    }

    private mutating func checkPack(_ base: String) {
        // Packs of ours contain all bases of their deltas; those of stock git may need loose objects.
        let objects = layout.gitObjects
        let salvage = PackSalvage(base: base) { id in
            (try? LooseObjects.read(id, in: objects)).map { ($0.type, Array($0.bytes)) }
        }
        let before = self
        guard let salvage else {
            return note(
                .damage, .pack, "pack '\(base).pack' is missing, but its index exists", repair: "move the index aside",
                advice: fetching
            ) { try before.setAside(base) }
        }
        if salvage.isIntact {
            return note(
                .damage, .pack, "the index of pack '\(base).pack' is missing or damaged", repair: "rebuild it"
            ) {
                try before.setIndexAside(base)
                guard try salvage.writeIndex() else { return try before.rewrite(base, salvage) }
            }
        }
        note(
            .damage, .pack, "pack '\(base).pack' or its index is truncated or damaged",
            repair: "move it aside, and rewrite its readable objects", advice: fetching
        ) { try before.rewrite(base, salvage) }
    }

    private func rewrite(_ base: String, _ salvage: PackSalvage) throws {
        _ = try salvage.rewrite(into: layout.gitObjects)
        try setAside(base)
    }

    private func setIndexAside(_ base: String) throws {
        for end in ["idx", "rev", "bitmap"] where FileStatus("\(base).\(end)") != nil {
            try moveAside("\(base).\(end)")
        }
    }

    /// The index first: without it no process uses the pack.
    private func setAside(_ base: String) throws {
        try setIndexAside(base)
        if FileStatus("\(base).pack") != nil { try moveAside("\(base).pack") }
    }

    mutating func checkLooseObjects() {
        let before = self
        for file in layout.looseObjects() {
            guard let problem = Self.problem(of: file, in: layout) else { continue }
            note(
                .damage, .object, "object \(file.id): \(problem): '\(file.path)'", repair: "move it aside",
                advice: repair ? nil : fetching
            ) { try before.moveAside(file.path) }
        }
    }

    private static func problem(of file: LooseObjectFile, in layout: Layout) -> String? {
        do {
            guard let object = try LooseObjects.read(file.id, in: layout.gitObjects) else { return nil }
            return ObjectID(hashing: object.type, Array(object.bytes)) == file.id
                ? nil : "its contents do not match its id"
        } catch {
            return error.detail
        }
    }

    /// Writes missing objects that the journal contains, or that can be derived from it.
    func rewriteFromJournal(_ repository: GitRepository) {
        let loose = LooseObjects(directory: layout.gitObjects)
        func write(_ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8]) throws {
            if (try? repository.header(id)) == nil { try loose.write(id, type, bytes) }
        }
        for record in journalRecords() {
            for blob in record.blobs { try? write(ObjectID(hashing: .blob, blob), .blob, blob) }
            for step in record.steps {
                guard let commit = Commit(bytes: step.commit) else { continue }
                try? write(ObjectID(hashing: .commit, step.commit), .commit, step.commit)
                // If a directory of the parent is lost, so is the one derived from it.
                var editor = TreeEditor { try repository.tree($0) }
                let parent = commit.parents.first.map { try? repository.commit($0).tree } ?? .emptyTree
                guard let parent,
                    let tree = try? editor.apply(step.edits.map { (key: $0.path, value: $0.edit) }, to: parent),
                    tree == commit.tree
                else { continue }
                for (id, tree) in editor.created { try? write(id, .tree, tree.bytes) }
            }
        }
        try? repository.refresh()
    }
}
