internal import Core
internal import Git
internal import Glibc
internal import System

/// Branches and other references, each of which must point to an existing commit.
extension Verifier {
    mutating func checkPackedReferences() {
        let packed = PackedReferences(layout)
        let problem: String
        switch (packed.damagedLines, packed.isSorted) {
        case (0, true): return
        case (0, false): problem = "is not sorted, so references in it are not found"
        default: problem = "has \(count(packed.damagedLines, "damaged line"))"
        }
        let before = self
        note(
            .damage, .reference, "'\(packed.path)' \(problem)",
            repair: "keep the \(packed.entries.count) whole lines, sorted"
        ) {
            try before.moveAside(packed.path)
            try Files.replace(packed.path, with: packed.bytes)
        }
    }

    mutating func checkReferences(_ repository: GitRepository) {
        let known = knownCommits()
        let packed = PackedReferences(layout).entries.map(\.name)
        let directory = "\(layout.root)/"
        let loose = files(below: "\(layout.root)/refs").filter { !$0.hasSuffix(".lock") }
            .map { String($0.dropFirst(directory.count)) }
        for name in Set(loose + packed + known.keys).sorted() {
            let problem = problem(of: name, repository)
            guard let problem else { continue }
            if name.hasPrefix("refs/heads/") {
                checkBranch(name, problem, known[name] ?? [], repository)
            } else {
                dropReference(name, problem)
            }
        }
        checkHeadTarget(repository)
    }

    /// The reason why a reference cannot be followed; nil if it can.
    private func problem(of name: String, _ repository: GitRepository) -> String? {
        do {
            guard let id = try ReferenceFile(name: name, directory: layout.root).read(repository) else {
                return "it is missing"
            }
            if name.hasPrefix("refs/tags/") {
                return repository.contains(id) ? nil : "it points to \(id), which is missing"
            }
            _ = try repository.commit(id)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private mutating func checkBranch(
        _ name: String, _ problem: String, _ known: [ObjectID], _ repository: GitRepository
    ) {
        let before = self
        let branch = name.dropFirst("refs/heads/".count)
        let path = "\(layout.root)/\(name)"
        if let last = newest(of: known, repository) {
            let isNewest = last == known.last
            note(
                .damage, .reference, "branch '\(branch)' ('\(path)'): \(problem)",
                repair: "set it to \(last), the last known complete commit",
                advice: isNewest ? nil : "verdicts recorded after that commit are lost: `ci run` recreates them"
            ) { try before.set(name, to: last) }
        } else {
            note(
                .damage, .branch, "branch '\(branch)': \(problem), and none of its commits can be read",
                advice: "\(fetching); or recreate it: `ci plan MATRIX`, `ci run MATRIX`")
            if repair { try? dropFiles(of: name) }
        }
    }

    /// Writes a branch's file; the damaged one is moved aside.
    private func set(_ name: String, to id: ObjectID) throws {
        let path = "\(layout.root)/\(name)"
        if FileStatus(path)?.isDirectory == false { try moveAside(path) }
        try Files.makeDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        try Files.replace(path, with: Array("\(id)\n".utf8))
    }

    /// Removes a reference from all files that contain it.
    private func dropFiles(of name: String) throws {
        let path = "\(layout.root)/\(name)"
        if FileStatus(path)?.isDirectory == false { try moveAside(path) }
        var packed = PackedReferences(layout)
        guard packed.entries.contains(where: { $0.name == name }) else { return }
        try moveAside(packed.path)
        packed.remove(name)
        try Files.replace(packed.path, with: packed.bytes)
    }

    private mutating func dropReference(_ name: String, _ problem: String) {
        let before = self
        note(.damage, .reference, "reference '\(name)': \(problem)", repair: "move it aside") {
            try before.dropFiles(of: name)
        }
    }

    private mutating func checkHeadTarget(_ repository: GitRepository) {
        guard case .symbolic(let target) = layout.headContents,
            let names = try? repository.references(prefix: "refs/heads/"), let first = names.first,
            !names.contains(target)
        else { return }
        let path = layout.head
        note(
            .disorder, .head, "'\(path)' names a branch that does not exist", repair: "set it to '\(first)'"
        ) { try Files.replace(path, with: Array("ref: \(first)\n".utf8)) }
    }

    // MARK: Known commits of branches

    /// The commits of each branch in the list of heads and then in the journal, oldest first.
    private func knownCommits() -> [String: [ObjectID]] {
        var known: [String: [ObjectID]] = [:]
        let heads = String(decoding: (try? Files.contents(of: layout.heads)) ?? [], as: UTF8.self)
        for line in heads.split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let id = ObjectID(hex: parts[0]), parts[1].hasPrefix("refs/heads/"),
                GitRepository.isValid(referenceName: String(parts[1]))
            else { continue }
            known[String(parts[1]), default: []].append(id)
        }
        for record in journalRecords() where record.reference.hasPrefix("refs/heads/") {
            known[record.reference, default: []].append(record.new)
        }
        return known
    }

    func journalRecords() -> [JournalRecord] {
        guard FileStatus(layout.journal) != nil,
            let journal = try? Journal(path: layout.journal, isDurable: false),
            let epoch = try? journal.epoch(), let records = try? journal.records(epoch: epoch)
        else { return [] }
        return records.map(\.record)
    }

    /// The last commit of `known` that is complete, or that can be rebuilt from the journal step by step.
    private func newest(of known: [ObjectID], _ repository: GitRepository) -> ObjectID? {
        guard var last = known.last(where: { (try? repository.commit($0)) != nil }) else { return nil }
        if last == known.last { return last }
        let children = childrenOfCommits(repository)
        var visited: Set<ObjectID> = []
        while visited.insert(last).inserted, let next = children[last] { last = next }
        return last
    }

    private func childrenOfCommits(_ repository: GitRepository) -> [ObjectID: ObjectID] {
        var children: [ObjectID: ObjectID] = [:]
        try? repository.forEachObject { id in
            guard let header = try? repository.header(id), header.type == .commit,
                let parent = (try? repository.commit(id))?.parents.first
            else { return }
            children[parent] = id
        }
        return children
    }

    /// Before branches are changed, saves all of them under a name, and their names and commits in a file.
    mutating func keepReferences(_ repository: GitRepository) {
        guard let names = try? repository.references() else { return }
        let stamp = Store.timeStamp(systemTime())
        var lines = ""
        for name in names {
            guard let id = (try? repository.reference(name)) ?? nil else { continue }
            lines += "\(id) \(name)\n"
        }
        try? Files.makeDirectories(layout.damaged)
        try? Files.replace("\(layout.damaged)/references-\(stamp)", with: Array(lines.utf8))
        _ = try? Store(opening: layout.root).takeSnapshot(reason: "before-repair", isTolerant: true)
    }
}
