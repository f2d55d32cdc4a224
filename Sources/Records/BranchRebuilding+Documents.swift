internal import Core
internal import Foundation
internal import Model
public import Store

extension BranchRebuilding {
    /// How damaged branches of plans and results are rebuilt: a result is recorded twice, in its document and in the
    /// index; an incomplete plan is replaced by its newest complete version, and can be planned again from its matrix.
    public static let documents = BranchRebuilding(
        rebuild: { branch, readable in
            if let results = ResultBranch(name: branch) { return .documents(results.rebuild(readable)) }
            guard !branch.contains("/") else { return nil }
            return .wholeVersion(advice: "make the plan again: `ci plan MATRIX`, or `ci run MATRIX`")
        },
        describe: { branch, path in
            guard let results = ResultBranch(name: branch) else { return nil }
            return results.describe(path)
        },
        contents: { branch, path, document in
            guard let results = ResultBranch(name: branch), !path.hasPrefix("index/"),
                let result = try? CanonicalJSON.decode(CellResult.self, from: document)
            else { return nil }
            return Contents(
                logs: result.logs, layers: [result.layer].compactMap { $0 }, owner: results.describe(path) ?? path)
        })
}

extension ResultBranch {
    /// All documents of the branch, rebuilt from the readable ones: each result from its document or from the index,
    /// and the index from the results.
    func rebuild(_ readable: [String: [UInt8]]) -> [String: [UInt8]] {
        var documents = readable.filter { !$0.key.hasPrefix("index/") }
        var index: [String: [String: CellResult]] = [:]
        for (path, bytes) in readable where path.hasPrefix("index/") {
            let shard = try? CanonicalJSON.decode([String: CellResult].self, from: bytes)
            for (path, result) in shard ?? [:] where documents[path] == nil {
                if let bytes = try? CanonicalJSON.encode(result) { documents[path] = Array(bytes) }
            }
        }
        for (path, bytes) in documents {
            guard let result = try? CanonicalJSON.decode(CellResult.self, from: bytes) else { continue }
            index[ResultPath.indexShard(of: path), default: [:]][path] = result
        }
        for (path, shard) in index {
            if let bytes = try? CanonicalJSON.encode(shard) { documents[path] = Array(bytes) }
        }
        return documents
    }

    /// A description of the document at a path: the name of its cell.
    func describe(_ path: String) -> String? {
        let parts = path.split(separator: "/").map(String.init)
        switch (parts.first, parts.count) {
        case ("index", 1), (nil, _): return "results of \(deployment) on \(target)"
        case ("index", _): return "index of the results of \(deployment) on \(target)"
        case (let compiler?, 1): return "results of \(target)/\(compiler)"
        case (let compiler?, 2): return "results of \(target)/\(compiler)/\(parts[1])"
        case (let compiler?, 3):
            let version = parts[2].hasSuffix(".json") ? String(parts[2].dropLast(5)) : parts[2]
            return "result of \(target)/\(compiler)/\(parts[1]).\(version)"
        default: return "result of a job of \(target)/\(parts[0])/\(parts[1]).\(parts[2])"
        }
    }
}
