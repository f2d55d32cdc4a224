internal import Foundation
internal import Glibc

/// Exim on this machine: a server that receives mail by SMTP and delivers it into a directory, and a `sendmail` that
/// passes mail to that server.
///
/// Both run in a sandbox in which the caller is the user that Debian's exim requires, so that neither root nor a system
/// service is needed.
package final class MailServer: Sendable {
    private let directory: TemporaryDirectory
    private let server: RunningProgram
    /// A program with the interface of sendmail. It returns when the server has the mail or has refused it.
    package let sendmail: String

    /// Unpacked by `scripts/install-packages test`, or installed.
    private static let exim = [
        PackageDirectory.url.appending(path: ".build/exim/usr/sbin/exim4").path, "/usr/sbin/exim4",
    ]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

    package static var isInstalled: Bool { exim != nil && Program.areInstalled("bwrap") }

    /// Starts the server and waits until it listens.
    ///
    /// - Parameter refusing: A recipient whose mail the server rejects.
    package init(refusing recipient: String = "nobody@example.org") async throws {
        let directory = try TemporaryDirectory()
        let port = try freePorts(1)[0]
        try directory.write("Debian-exim:x:1000:1000::/:/bin/false\n", to: "passwd")
        try directory.write("Debian-exim:x:1000:\nmail:x:8:\n", to: "group")
        try directory.write(Self.serverConfiguration(directory.path, refusing: recipient), to: "server.conf")
        try directory.write(Self.clientConfiguration(directory.path, port), to: "client.conf")
        let sandbox = [
            "bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000", "--die-with-parent", "--dev-bind", "/", "/",
            "--ro-bind", directory("passwd"), "/etc/passwd", "--ro-bind", directory("group"), "/etc/group",
            Self.exim ?? "exim4",
        ]
        let client = (sandbox + ["-C", directory("client.conf"), "-odi"]).map { "'\($0)'" }.joined(separator: " ")
        try directory.write("#!/bin/sh\nexec \(client) \"$@\"\n", to: "sendmail", mode: 0o755)
        (self.directory, sendmail) = (directory, directory("sendmail"))
        let words = ["-C", directory("server.conf"), "-bdf", "-oX", "127.0.0.1.\(port)", "-oP", directory("pid")]
        let server = try Program(sandbox + words, isJoined: true).start()
        self.server = server
        try await waitUntil("exim listens: \(server.output)") {
            try Program(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]).run().status == 0
        }
    }

    deinit {
        server.kill(SIGKILL)
        server.wait()
    }

    /// The delivered mails, oldest first, with the headers that a server adds.
    package var mails: [String] {
        get throws {
            let directory = directory("mail/new")
            guard FileManager.default.fileExists(atPath: directory) else { return [] }
            return try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map {
                try String(contentsOfFile: "\(directory)/\($0)", encoding: .utf8)
            }
        }
    }

    private static func common(_ directory: String, _ name: String) -> String {
        """
        spool_directory = \(directory)/\(name)-spool
        log_file_path = \(directory)/\(name)-log-%s
        primary_hostname = \(name).example.org
        keep_environment =
        tls_advertise_hosts =
        deliver_drop_privilege = true

        """
    }

    private static func serverConfiguration(_ directory: String, refusing recipient: String) -> String {
        common(directory, "server") + """
            host_lookup =
            rfc1413_query_timeout = 0s
            acl_smtp_rcpt = recipients
            acl_smtp_data = accept
            begin acl
            recipients:
              deny condition = ${if eq{$local_part@$domain}{\(recipient)}}
                message = there is no such user
              accept
            begin routers
            all:
              driver = accept
              transport = directory
            begin transports
            directory:
              driver = appendfile
              directory = \(directory)/mail
              create_directory
              maildir_format
              envelope_to_add
              return_path_add

            """
    }

    private static func clientConfiguration(_ directory: String, _ port: UInt16) -> String {
        common(directory, "client") + """
            untrusted_set_sender = *
            local_from_check = false
            begin routers
            all:
              driver = manualroute
              transport = server
              route_list = * 127.0.0.1
              self = send
            begin transports
            server:
              driver = smtp
              port = \(port)

            """
    }
}
