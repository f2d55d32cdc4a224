internal import Foundation
package import OpamFormat
internal import System

extension SourceAddress {
    /// The address of a local directory or file: that of a git repository if the directory is one. Special characters
    /// in the path are escaped.
    package static func address(ofPath path: String) -> String {
        let whole = URL(fileURLWithPath: path).standardizedFileURL.path
        // A broken link also counts: it is reported, instead of treating the directory as a plain one.
        if (try? FileManager.default.attributesOfItem(atPath: "\(whole)/.git")) != nil {
            return "git+file://\(encoded(whole))"
        }
        // An address with the suffix '.git' means a repository.
        return "file://\(whole)" + (whole.hasSuffix(".git") && LocalSource(path: whole).isDirectory ? "/" : "")
    }

    /// A path as encoded in git's URLs, in which '#' does not begin a revision.
    private static func encoded(_ path: String) -> String {
        path.replacingScalar("%", with: "%25").replacingScalar("#", with: "%23")
    }

    /// Decodes the path in a git URL.
    package static func decoded(_ path: String) -> String { path.removingPercentEncoding ?? path }
}
