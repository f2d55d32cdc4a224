internal import Core
internal import Model
internal import OpamFormat

extension InputChange {
    /// The changes of a package between two plans: its version, or its source and its other files.
    ///
    /// - Parameters:
    ///   - kind: `package` or `input`.
    ///   - old: Its job and the plan's inputs with it; nil if the plan does not have the package.
    ///   - new: The same of the later plan.
    /// - Throws: `StoreError`.
    static func definition(
        _ kind: Kind, _ name: String, _ old: (job: Job, inputs: JobInputs)?, _ new: (job: Job, inputs: JobInputs)?
    ) throws -> [InputChange] {
        if let change = InputChange(kind, name, old?.job.package.version, new?.job.package.version) { return [change] }
        guard let old, let new,
            let whole = InputChange(
                kind, "\(name) (its opam file or files)", old.job.opam.shortHex, new.job.opam.shortHex)
        else { return [] }
        guard let before = try old.inputs.files(of: old.job), let after = try new.inputs.files(of: new.job),
            let oldFile = try? OpamFile(parsing: before.opam, file: name), let oldSource = oldFile.url,
            let newFile = try? OpamFile(parsing: after.opam, file: name), let newSource = newFile.url,
            let change = source(of: name, oldSource, newSource)
        else { return [whole] }
        let isOnlyChange =
            before.files == after.files && oldFile.replacing(source: newSource) == newFile.replacing(source: newSource)
        return isOnlyChange ? [change] : [change, whole]
    }

    private static func source(of name: String, _ old: Source, _ new: Source) -> InputChange? {
        let (before, after) = (SourceState(old), SourceState(new))
        guard before.address == after.address, before.version != nil, after.version != nil else {
            return InputChange(.source, name, before.text, after.text)
        }
        return InputChange(.source, "\(name) (\(before.address))", before.version, after.version)
    }
}

/// Where a source is, and which version of it.
private struct SourceState {
    /// The URL without a revision.
    var address: String
    /// The revision, or else the first checksum; nil if there is neither.
    var version: String?

    init(_ source: Source) {
        (address, version) = SourceAddress.split(source.url)
        if let checksum = source.checksums.first { (address, version) = (source.url, checksum.description) }
    }

    var text: String { version.map { "\(address) at \($0)" } ?? address }
}
