# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Pictures of windows as they look in GNOME: with round corners, and a shadow."""

import subprocess

import cairo
from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.ext import composite

BACKGROUND = 0.88, 0.89, 0.92


class Camera:
    def __init__(self, display):
        self._display = Display(display)
        self._root = self._display.screen().root
        # GTK draws shadows only where there are a compositor and a window manager that know
        # what to do with them. Here the pictures are put together, and nothing is managed.
        self._root.set_selection_owner(self._atom('_NET_WM_CM_S0'), X.CurrentTime)
        self._root.composite_redirect_subwindows(composite.RedirectAutomatic)
        self._root.change_property(self._atom('_NET_SUPPORTED'), Xatom.ATOM, 32,
                                   [self._atom('_GTK_FRAME_EXTENTS')])
        self._root.change_property(self._atom('_NET_SUPPORTING_WM_CHECK'), Xatom.WINDOW, 32,
                                   [self._root.id])
        self._display.sync()

    def close(self):
        self._display.close()

    def take(self, pid, path):
        """Takes a picture of a process's windows, a dialog in the middle of what it belongs
        to. Waits until nothing changes any more, or not for long."""
        windows = self._windows_of(pid)
        windows[-1].set_input_focus(X.RevertToParent, X.CurrentTime)
        images = None
        for _ in range(10):
            previous, images = images, [self._image(window) for window in windows]
            if images == previous:
                break

        width, height, _ = images[0]
        picture = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height)
        context = cairo.Context(picture)
        context.set_source_rgb(*BACKGROUND)
        context.paint()
        for image_width, image_height, pixels in images:
            image = cairo.ImageSurface.create_for_data(pixels, cairo.FORMAT_ARGB32,
                                                       image_width, image_height)
            context.set_source_surface(image, (width - image_width) // 2,
                                       (height - image_height) // 2)
            context.paint()
        picture.write_to_png(path)
        subprocess.run(['pngquant', '--force', '--strip', '--speed=1', '--output', path, path],
                       check=True)

    def _atom(self, name):
        return self._display.intern_atom(name)

    def _windows_of(self, pid):
        """Those that can be seen, from the lowest to the highest."""
        return [window for window in self._root.query_tree().children
                if window.get_attributes().map_state == X.IsViewable
                and (owner := window.get_full_property(self._atom('_NET_WM_PID'), Xatom.CARDINAL))
                and owner.value[0] == pid]

    def _image(self, window):
        geometry = window.get_geometry()
        image = window.get_image(0, 0, geometry.width, geometry.height, X.ZPixmap, 0xffffffff)
        return geometry.width, geometry.height, bytearray(image.data)
