package import Core
package import Model
internal import Records
internal import Store

extension DeploymentResults {
    /// The verdicts that were ever recorded on a package in a column, by their jobs.
    ///
    /// - Parameter cell: Of any version of the package.
    /// - Throws: `StoreError`.
    package func recordedVerdicts(of cell: Cell) throws -> [Digest: CellResult] {
        let versions = index.versions(of: cell)
        var verdicts: [Digest: CellResult] = [:]
        for version in versions {
            let path = try StorePath(ResultPath.cell(version))
            for entry in try index.history(of: version) where entry.outcome?.isVerdictOnJob == true {
                // A clone without all commits does not have those before.
                let result = try? store.snapshot(at: entry.commit).value(CellResult.self, at: path)
                if let result, let job = result.job, verdicts[job] == nil { verdicts[job] = result }
            }
        }
        return verdicts
    }
}
