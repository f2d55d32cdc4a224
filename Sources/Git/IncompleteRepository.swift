internal import Glibc
internal import System

/// The reason why a repository lacks objects that its references need.
struct IncompleteRepository {
    var isShallow: Bool
    private var isPartial: Bool
    /// A repository whose objects are shared, but which cannot be read.
    private var lostAlternate: String?

    /// - Parameter objects: the directory of the repository's objects.
    init(objects: String, isShallow: Bool, isPartial: Bool) {
        self.isShallow = isShallow
        self.isPartial = isPartial
        let list = System.bytes(of: "\(objects)/info/alternates") ?? []
        let paths = list.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        lostAlternate = paths.filter { !$0.hasPrefix("#") }
            .map { $0.hasPrefix("/") ? $0 : "\(objects)/\($0)" }.first { access($0, R_OK | X_OK) != 0 }
    }

    /// The error for a missing object.
    func error(_ operation: String, _ repository: String, damageHint: String?) -> GitError {
        if let lostAlternate {
            return GitError(
                kind: .corrupted, operation: operation,
                detail: "it shares the objects of '\(lostAlternate)' (objects/info/alternates), which cannot be read",
                repository: repository, hint: "restore that repository, or clone without --shared")
        }
        if isPartial {
            return GitError(
                kind: .incomplete, operation: operation,
                detail: "it is a partial clone (made with --filter), which lacks this object", repository: repository,
                hint: "fetch all objects: git -C '\(repository)' fetch --refetch --no-filter origin")
        }
        if isShallow {
            return GitError(
                kind: .incomplete, operation: operation,
                detail: "it is a shallow clone (made with --depth), which lacks older commits", repository: repository,
                hint: "fetch them: git -C '\(repository)' fetch --unshallow")
        }
        return GitError(
            kind: .corrupted, operation: operation, detail: "the object is missing", repository: repository,
            hint: damageHint)
    }
}
