internal import Core
internal import Git

/// Every commit, directory and document that is reachable from a reference.
extension Verifier {
    mutating func walkHistory(_ repository: GitRepository) {
        let names: [String]
        do {
            names = try repository.references()
        } catch {
            return note(.damage, .reference, "the references cannot be listed: \(error)")
        }
        for name in names where ["refs/heads/", "refs/ciso/", "refs/remotes/"].contains(where: name.hasPrefix) {
            guard let head = (try? repository.reference(name)) ?? nil else { continue }
            result.branches += 1
            walk(from: head, name, repository)
        }
    }

    private mutating func walk(from head: ObjectID, _ name: String, _ repository: GitRepository) {
        var next: ObjectID? = head
        while let id = next, seen.insert(id).inserted {
            guard let bytes = check(id, .commit, "\(name): commit \(id)", repository) else { return }
            // Read as by the repository: in a shallow clone it may have no parents.
            guard let commit = (try? repository.commit(id)) ?? Commit(bytes: bytes) else {
                return note(.damage, .object, "\(name): commit \(id) is malformed")
            }
            result.commits += 1
            walk(tree: commit.tree, Place(reference: name, commit: id, path: ""), repository)
            next = commit.parents.first
        }
    }

    private struct Place {
        var reference: String
        var commit: ObjectID
        var path: String

        func child(_ name: String) -> Place {
            Place(reference: reference, commit: commit, path: path.isEmpty ? name : "\(path)/\(name)")
        }
    }

    private mutating func walk(tree id: ObjectID, _ place: Place, _ repository: GitRepository) {
        guard id != .emptyTree, seen.insert(id).inserted else { return }
        let words = "\(place.reference) at \(place.commit): directory '\(place.path)' (\(id))"
        guard let bytes = check(id, .tree, words, repository) else { return }
        let tree = Tree(bytes: bytes)
        guard tree.isWellFormed else { return note(.damage, .object, "\(words) is malformed") }
        for entry in tree.entries {
            let inner = place.child(entry.name)
            if entry.kind == .directory {
                walk(tree: entry.id, inner, repository)
            } else if entry.kind != .submodule, seen.insert(entry.id).inserted {
                let words = "\(place.reference) at \(place.commit): '\(inner.path)'\(description(of: inner))"
                if check(entry.id, .blob, words, repository) != nil { result.documents += 1 }
            }
        }
    }

    private func description(of place: Place) -> String {
        guard place.reference.hasPrefix("refs/heads/") else { return "" }
        return rebuilding.describe(String(place.reference.dropFirst("refs/heads/".count)), place.path).map {
            " (\($0))"
        } ?? ""
    }

    private mutating func check(
        _ id: ObjectID, _ type: ObjectType, _ words: String, _ repository: GitRepository
    ) -> [UInt8]? {
        let subject: StoreFinding.Subject = type == .blob ? .document : .object
        do {
            let bytes = try repository.read(id, as: type)
            if ObjectID(hashing: type, bytes) == id { return bytes }
            note(.damage, subject, "\(words): its contents do not match its id", advice: fetching)
        } catch let error as GitError {
            note(
                .damage, subject, "\(words): cannot \(error.operation): \(error.detail)",
                advice: error.kind == .incomplete ? error.hint : fetching)
        } catch {
            note(.damage, subject, "\(words): \(error)", advice: fetching)
        }
        return nil
    }
}
