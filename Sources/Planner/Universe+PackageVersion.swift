internal import Model
internal import OpamSolver

extension Universe {
    /// The name and the version of a package.
    func packageVersion(_ package: PackageID) -> PackageVersion {
        PackageVersion(name: name(nameID(of: package)), version: version(of: package))
    }
}
