internal import Archive
public import Core
internal import Foundation

/// Everything that a worker needs to run a job, as an object of the blob store, so that workers never read the store's
/// history.
///
/// Jobs are objects under their ids; files of packages and targets are objects under the digests in the request.
///
/// - SeeAlso: `docs/decisions/0187-request-objects.md`
public struct ExecutionRequest: Hashable, Sendable {
    /// An input: a completed job with its layer.
    public struct Input: Hashable, Sendable {
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
    /// All direct and indirect inputs, in topological order.
    public var inputs: [Input]
    /// Identifies the layers of the inputs.
    public var base: Digest?
    /// The digest of the object with the target that the job runs on.
    public var target: Digest
    /// How often a failed job is repeated to confirm the failure; absent for never.
    public var confirmations: Int?

    public init(
        deployment: String, job: Digest, files: Digest, inputs: [Input], base: Digest?, target: Digest
    ) {
        self.deployment = deployment
        self.job = job
        self.files = files
        self.inputs = inputs
        self.base = base
        self.target = target
    }
}

extension ExecutionRequest {
    /// The canonical bytes. A request may have hundreds of inputs, and each job has one.
    package var document: [UInt8] {
        CanonicalWriter.document { writer in
            writer.object { writer in
                writer.optional("base", base)
                writer.optional("confirmations", confirmations) { $0.number($1) }
                writer.key("deployment")
                writer.string(deployment)
                writer.key("files")
                writer.digest(files)
                writer.key("inputs")
                writer.array(inputs) { $1.write(to: &$0) }
                writer.key("job")
                writer.digest(job)
                writer.key("target")
                writer.digest(target)
            }
        }
    }

    /// Identifies the request without its inputs where `base` does: the job determines which inputs there are, and
    /// `base` their layers.
    ///
    /// - Complexity: O(1) with a base, O(inputs) without.
    package var identity: Digest {
        guard base != nil else { return Digest(of: document) }
        var short = self
        short.inputs = []
        return Digest(of: short.document)
    }

    /// Parses a document; nil if it is not a request.
    package init?(document: [UInt8]) {
        guard let request = CanonicalReader.document(document, { $0.object { Self(&$0) } }) else { return nil }
        self = request
    }

    private init?(_ reader: inout CanonicalReader) {
        var (base, confirmations) = (Digest?.none, Int?.none)
        guard reader.optional("base", &base, { $0.digest() }),
            reader.optional("confirmations", &confirmations, { $0.number() }),
            reader.key("deployment"), let deployment = reader.string(),
            reader.key("files"), let files = reader.digest(),
            reader.key("inputs"), let inputs = reader.array({ $0.object { Input(&$0) } }),
            reader.key("job"), let job = reader.digest(),
            reader.key("target"), let target = reader.digest()
        else { return nil }
        self.init(deployment: deployment, job: job, files: files, inputs: inputs, base: base, target: target)
        self.confirmations = confirmations
    }
}

extension ExecutionRequest.Input {
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.object { writer in
            writer.key("files")
            writer.digest(files)
            writer.key("job")
            writer.digest(job)
            writer.key("layer")
            writer.digest(layer)
        }
    }

    fileprivate init?(_ reader: inout CanonicalReader) {
        guard reader.key("files"), let files = reader.digest(), reader.key("job"), let job = reader.digest(),
            reader.key("layer"), let layer = reader.digest()
        else { return nil }
        self.init(job: job, layer: layer, files: files)
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

    /// Parses an object with files.
    ///
    /// - Throws: `DecodingError` if it has other contents.
    package init(document: [UInt8]) throws {
        let document = try CanonicalJSON.decode(Document.self, from: document)
        self.init(
            opam: [UInt8](document.opam),
            files: Dictionary(
                document.files.map { (FilePath(encoded: $0.key), [UInt8]($0.value)) }, uniquingKeysWith: { $1 }))
    }
}
