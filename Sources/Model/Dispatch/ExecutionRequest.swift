internal import Archive
public import Core
internal import Foundation

/// All that a worker needs to run a job, as an object of the store: it never reads the store's history.
///
/// Jobs are objects under their ids, files of packages under the digests that are named here.
public struct ExecutionRequest: Codable, Hashable, Sendable {
    /// A job that ran before, with the layer it left.
    public struct Input: Codable, Hashable, Sendable {
        /// The job's id.
        public var job: Digest
        /// The layer that the input added.
        public var layer: Digest
        /// The digest of the object with the files of its package.
        public var files: Digest

        public init(job: Digest, layer: Digest, files: Digest) {
            self.job = job
            self.layer = layer
            self.files = files
        }
    }

    /// The deployment for which the job is run.
    public var deployment: String
    /// The job's id.
    public var job: Digest
    /// The digest of the object with the files of its package.
    public var files: Digest
    /// Everything that the job is built over, direct and indirect, dependencies first.
    public var inputs: [Input]
    /// Identifies the layers of the inputs.
    public var base: Digest?
    /// The target that the job runs on.
    public var target: Plan.Target

    public init(
        deployment: String, job: Digest, files: Digest, inputs: [Input], base: Digest?, target: Plan.Target
    ) {
        self.deployment = deployment
        self.job = job
        self.files = files
        self.inputs = inputs
        self.base = base
        self.target = target
    }
}

extension PackageFiles {
    private struct Document: Codable {
        /// In base64, and so are the files.
        var opam: Data
        /// By path, encoded as in all documents.
        var files: [String: Data]
    }

    /// The object that holds the files.
    package var document: [UInt8] {
        get throws {
            let files = Dictionary(uniqueKeysWithValues: files.map { ($0.key.encoded, Data($0.value)) })
            return [UInt8](try CanonicalJSON.encode(Document(opam: Data(opam), files: files)))
        }
    }

    /// The files that an object holds.
    ///
    /// - Throws: `DecodingError` where it holds something else.
    package init(document: [UInt8]) throws {
        let document = try CanonicalJSON.decode(Document.self, from: Data(document))
        self.init(
            opam: [UInt8](document.opam),
            files: Dictionary(
                document.files.map { (FilePath(encoded: $0.key), [UInt8]($0.value)) }, uniquingKeysWith: { $1 }))
    }
}
