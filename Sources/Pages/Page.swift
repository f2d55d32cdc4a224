/// A file of the site: a page, a style sheet, a script, or data.
package struct Page: Sendable {
    /// The path relative to the site's root: `packages/lwt.html`.
    package var path: String
    /// The media type, with the character set for text.
    package var mediaType: String
    /// Its content.
    package var bytes: [UInt8]

    init(_ path: String, _ mediaType: String, _ bytes: [UInt8]) {
        (self.path, self.mediaType, self.bytes) = (path, mediaType, bytes)
    }

    init(html text: String, at path: String) {
        self.init(path, "text/html; charset=utf-8", Array(text.utf8))
    }
}
