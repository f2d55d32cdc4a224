internal import Foundation

/// An OCI image layout on disk, written for a test: images of layers with explicit members, including ones that no tool
/// would write.
package struct ImageLayout: Sendable {
    /// A member of a layer.
    package struct Member: Codable, Sendable {
        package var path: String
        /// `file`, `directory`, `link`, `hardlink`, `device`, `fifo`.
        package var kind = "file"
        package var text = ""
        /// The target of a link.
        package var target = ""
        package var mode = 0o644
        package var uid = 0
        package var gid = 0
        /// Bytes of zeros, instead of `text`.
        package var zeros = 0
        /// Extended attributes.
        package var attributes: [String: String] = [:]

        package static func file(_ path: String, _ text: String = "", mode: Int = 0o644, uid: Int = 0) -> Member {
            Member(path: path, text: text, mode: mode, uid: uid, gid: uid)
        }

        /// The same with extended attributes.
        package func with(_ attributes: [String: String]) -> Member {
            var member = self
            member.attributes = attributes
            return member
        }

        package static func directory(_ path: String, mode: Int = 0o755) -> Member {
            Member(path: path, kind: "directory", mode: mode)
        }

        package static func link(_ path: String, to target: String) -> Member {
            Member(path: path, kind: "link", target: target)
        }

        package static func hardLink(_ path: String, to target: String) -> Member {
            Member(path: path, kind: "hardlink", target: target)
        }

        package static func special(_ path: String, _ kind: String) -> Member { Member(path: path, kind: kind) }

        /// A file of many zeros.
        package static func zeros(_ path: String, _ count: Int) -> Member {
            var member = Member(path: path)
            member.zeros = count
            return member
        }
    }

    /// A layer.
    package struct Layer: Codable, Sendable {
        package var members: [Member] = []
        /// A directory whose contents precede the members.
        package var directory: String?
        /// A tar file compressed by zstd, instead of members.
        package var archive: String?
        /// `gzip`, `zstd` or `none`.
        package var compression = "gzip"

        package init(_ members: [Member], directory: String? = nil, compression: String = "gzip") {
            (self.members, self.directory, self.compression) = (members, directory, compression)
        }

        package init(archive: String) { self.archive = archive }
    }

    /// An image for one architecture.
    package struct Image: Codable, Sendable {
        package var layers: [Layer]
        /// In the spelling of images.
        package var architecture: String
        /// `NAME=VALUE`.
        package var environment: [String]
        package var user: String
        /// Whether the documents have Docker's types.
        package var isDocker = false
        /// The configuration's list of digests of the uncompressed layers, instead of the real ones.
        package var contents: [String]?

        package init(
            _ layers: [Layer], architecture: String = Self.hostArchitecture, environment: [String] = [],
            user: String = "", isDocker: Bool = false
        ) {
            (self.layers, self.architecture, self.environment) = (layers, architecture, environment)
            (self.user, self.isDocker) = (user, isDocker)
        }

        package static let hostArchitecture =
            (try? Program(["dpkg", "--print-architecture"]).output())?.split(separator: "\n").first.map(String.init)
            ?? "amd64"
    }

    package let directory: String

    package static var isPossible: Bool { Program.areInstalled("python3", "zstd", "dpkg") }

    /// - Parameter directory: is created if it does not exist.
    package init(_ directory: String) {
        self.directory = directory
    }

    /// Adds an image, or one for each of several architectures under an index.
    ///
    /// - Returns: the digest of the manifest, or of the index: 64 digits.
    @discardableResult
    package func add(_ images: [Image], tag: String?) throws -> String {
        struct Order: Encodable {
            let directory: String
            let tag: String?
            let images: [Image]
        }
        let order = try JSONEncoder().encode(Order(directory: directory, tag: tag, images: images))
        let output = try Program(
            ["python3", "-c", Self.writer], input: String(decoding: order, as: UTF8.self)
        ).output()
        return output.split(separator: "\n").last.map(String.init) ?? ""
    }

    /// The file with a blob.
    package func blob(_ digest: String) -> String { "\(directory)/blobs/sha256/\(digest)" }

    /// The digests of the layers of the image with a digest.
    package func layers(of digest: String) throws -> [String] {
        struct Manifest: Decodable {
            struct Layer: Decodable { var digest: String }
            var layers: [Layer]
        }
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(filePath: blob(digest))))
        return manifest.layers.map { String($0.digest.dropFirst("sha256:".count)) }
    }

    /// Copies an image to a registry on this machine.
    ///
    /// - Parameter name: the repository and the tag: `team/image:1`.
    package func push(_ tag: String, to server: RegistryServer, as name: String) throws {
        let host = server.url.dropFirst("http://".count)
        try Program([
            "skopeo", "--insecure-policy", "copy", "--all", "--quiet", "--preserve-digests", "--dest-tls-verify=false",
            "oci:\(directory):\(tag)", "docker://\(host)/\(name)",
        ]).output()
    }

    private static let writer = #"""
        import hashlib, io, json, os, subprocess, sys, tarfile, gzip

        order = json.load(sys.stdin)
        top = order['directory']
        os.makedirs(top + '/blobs/sha256', exist_ok=True)
        with open(top + '/oci-layout', 'w') as file: file.write('{"imageLayoutVersion": "1.0.0"}')

        def blob(data, kind):
            digest = hashlib.sha256(data).hexdigest()
            with open(f'{top}/blobs/sha256/{digest}', 'wb') as file: file.write(data)
            return {'mediaType': kind, 'digest': 'sha256:' + digest, 'size': len(data)}

        def document(value, kind): return blob(json.dumps(value, sort_keys=True).encode(), kind)

        kinds = {'file': tarfile.REGTYPE, 'directory': tarfile.DIRTYPE, 'link': tarfile.SYMTYPE,
                 'hardlink': tarfile.LNKTYPE, 'device': tarfile.CHRTYPE, 'fifo': tarfile.FIFOTYPE}

        def layer(given, docker):
            if given.get('archive'):
                hasher = hashlib.sha256()
                with subprocess.Popen(['zstd', '-dcq', given['archive']], stdout=subprocess.PIPE) as source:
                    while piece := source.stdout.read(1 << 20): hasher.update(piece)
                with open(given['archive'], 'rb') as file:
                    return blob(file.read(), 'application/vnd.oci.image.layer.v1.tar+zstd'), 'sha256:' + hasher.hexdigest()
            raw = io.BytesIO()
            tar = tarfile.open(fileobj=raw, mode='w', format=tarfile.PAX_FORMAT)
            if given.get('directory'): tar.add(given['directory'], arcname='.')
            for member in given['members']:
                info = tarfile.TarInfo(member['path'])
                info.name = member['path']
                info.type = kinds[member['kind']]
                info.mode, info.uid, info.gid = member['mode'], member['uid'], member['gid']
                info.linkname = member['target']
                info.pax_headers = {'SCHILY.xattr.' + name: value for name, value in member['attributes'].items()}
                data = member['text'].encode() or bytes(member['zeros'])
                info.size = len(data) if member['kind'] == 'file' else 0
                tar.addfile(info, io.BytesIO(data))
            tar.close()
            data = raw.getvalue()
            identity = 'sha256:' + hashlib.sha256(data).hexdigest()
            form = given['compression']
            if form == 'gzip': data = gzip.compress(data, 1, mtime=0)
            if form == 'zstd': data = subprocess.run(['zstd', '-q', '-c'], input=data, capture_output=True, check=True).stdout
            kind = 'application/vnd.oci.image.layer.v1.tar' + ('' if form == 'none' else '+' + form)
            if docker: kind = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
            return blob(data, kind), identity

        found = []
        for image in order['images']:
            docker = image['isDocker']
            layers = [layer(given, docker) for given in image['layers']]
            platform = {'architecture': image['architecture'], 'os': 'linux'}
            config = document(dict(platform, config={'Env': image['environment'], 'User': image['user']},
                                   rootfs={'type': 'layers',
                                          'diff_ids': image.get('contents') or [identity for _, identity in layers]}),
                              'application/vnd.docker.container.image.v1+json' if docker else
                              'application/vnd.oci.image.config.v1+json')
            kind = ('application/vnd.docker.distribution.manifest.v2+json' if docker else
                    'application/vnd.oci.image.manifest.v1+json')
            manifest = document({'schemaVersion': 2, 'mediaType': kind, 'config': config,
                                 'layers': [descriptor for descriptor, _ in layers]}, kind)
            found.append(dict(manifest, platform=platform))

        one = dict(found[0])
        if len(found) > 1:
            kind = 'application/vnd.oci.image.index.v1+json'
            one = document({'schemaVersion': 2, 'mediaType': kind, 'manifests': found}, kind)
        if order.get('tag'): one['annotations'] = {'org.opencontainers.image.ref.name': order['tag']}
        path = top + '/index.json'
        index = json.load(open(path)) if os.path.exists(path) else {'schemaVersion': 2, 'manifests': []}
        index['manifests'] = [each for each in index['manifests']
                              if each.get('annotations') != one.get('annotations')] + [one]
        with open(path, 'w') as file: json.dump(index, file)
        print(one['digest'].split(':')[1])
        """#
}
