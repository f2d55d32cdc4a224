internal import Archive
internal import Core
import Glibc
import Supervision

/// Root file systems whose bootstrap succeeded but whose check failed, kept so that a corrected description need not
/// bootstrap again.
///
/// ```
/// RECIPE/root      the root file system that the bootstrap RECIPE made
/// RECIPE/DIGEST    the check of the environment DIGEST refused it
/// ```
///
/// A root file system is not offered again to a description that it has already failed: asking a second time with the same
/// description means that the world has changed, and bootstraps from scratch.
struct RefutedRoots {
    let directory: String
    /// How many are kept; older ones are removed.
    static let limit = 4

    /// Moves the root file system that `recipe` made to `root`.
    ///
    /// - Returns: false where there is none, or it has already failed the check of `environment`.
    func take(_ recipe: Digest, for environment: Digest, to root: String) -> Bool {
        let entry = "\(directory)/\(recipe)"
        guard access("\(entry)/\(environment)", F_OK) != 0 else { return false }
        return rename("\(entry)/root", root) == 0
    }

    /// Keeps `root`, which `recipe` made and the check of `environment` refused.
    ///
    /// - Parameter isNew: whether it was bootstrapped just now, so that earlier refusals were of another root.
    func keep(_ root: String, madeBy recipe: Digest, refusedBy environment: Digest, isNew: Bool) {
        let entry = "\(directory)/\(recipe)"
        if isNew { removeTree(entry) }
        guard (try? makeDirectories(entry)) != nil, rename(root, "\(entry)/root") == 0 else { return }
        let marker = open("\(entry)/\(environment)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        if marker >= 0 { close(marker) }
        removeOldest()
    }

    /// Forgets the root file system that `recipe` made: a later one passed its check.
    func forget(_ recipe: Digest) {
        removeTree("\(directory)/\(recipe)")
    }

    private func removeOldest() {
        let entries = namesOfEntries(in: directory).map { name -> (path: String, changed: Int) in
            var status = stat()
            return ("\(directory)/\(name)", stat("\(directory)/\(name)", &status) == 0 ? status.st_mtim.tv_sec : 0)
        }
        for entry in entries.sorted(by: { $0.changed < $1.changed }).dropLast(Self.limit) { removeTree(entry.path) }
    }
}
