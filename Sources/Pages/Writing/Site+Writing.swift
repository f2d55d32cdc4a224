internal import Core
internal import Model
internal import Review
internal import Store

extension Site {
    /// A file of the report besides the pages; a function of the plan and the results.
    package struct File {
        package var name: String
        package var text: () throws -> String

        package init(_ name: String, _ text: @escaping () throws -> String) {
            (self.name, self.text) = (name, text)
        }
    }

    /// Writes the pages and the logs of failures into a directory, which is created if it does not exist.
    ///
    /// A page whose inputs are unchanged since an earlier report in the directory is not rendered again. Files with
    /// unchanged content are not touched; others are replaced atomically. The start page is written last, so that its
    /// links are valid. Files of the earlier report that this one does not have are removed.
    ///
    /// - Parameters:
    ///   - files: Further files.
    ///   - cache: The directory in which to note the inputs of the files; nil to make all pages.
    /// - Returns: The number of files written.
    /// - Throws: `Failure` of the category `unavailable` for the first file that cannot be written; `StoreError`.
    package func write(to directory: String, with files: [File], cache: String?) throws -> Int {
        var site = self
        site.errorRegions = ErrorRegions()
        let report = ReportDirectory(directory, of: results.header.deployment, cache: cache)
        try site.write(to: report, with: files)
        report.finish()
        return report.written
    }

    private func write(to report: ReportDirectory, with files: [File]) throws {
        let inputs = try PageInputs(self)
        for file in files { try report.write(file.name, from: inputs.all) { Array(try file.text().utf8) } }
        for (digest, index) in logs.sorted(by: { $0.key < $1.key }) {
            let input = inputs.digest(ofPackage: cells[index].state.cell.package.name)
            var known: [UInt8]?
            func bytes() -> [UInt8]? {
                if known == nil { known = try? log(digest) }
                return known
            }
            try report.write("logs/\(digest).txt", from: input) { bytes().map { logText(digest, $0).bytes } }
            try report.write("logs/\(digest).html", from: input) {
                bytes().flatMap { logPage(digest, $0)?.bytes }
            }
        }
        for (path, subject) in subjects.reversed() {
            try report.write(path, from: inputs.digest(of: subject)) { try page(at: path)?.bytes }
        }
    }
}
