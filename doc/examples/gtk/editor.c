/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A text editor that keeps a document locked while it is open: editor DOCUMENT…
 *
 * The lock is DOCUMENT.lock. What is not saved yet is written to DOCUMENT.autosave
 * every few seconds, which belongs to whoever has the lock. A document is saved by
 * the button, and when its window is closed. Nothing here blocks the main loop.
 */

#include <adwaita.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <lockfile/glockfile.h>

#define PATIENCE 300 /* milliseconds, for somebody who is just closing the document */
#define AUTOSAVE_INTERVAL 2 /* seconds */
#define MAX_LINKS 40 /* as the kernel has it */

#define EDITOR_TYPE_WINDOW (editor_window_get_type ())
G_DECLARE_FINAL_TYPE (EditorWindow, editor_window, EDITOR, WINDOW, AdwApplicationWindow)

struct _EditorWindow
{
  AdwApplicationWindow parent_instance;

  GFile *document;
  GFile *autosave;
  GLockFile *lock;
  GCancellable *cancellable;
  guint autosave_timer;
  gboolean is_busy;      /* something is under way; nothing else begins before it ends */
  gboolean is_closing;   /* then close the window */
  gboolean has_autosave; /* the file is there, and ours */

  GtkTextBuffer *buffer;
  GtkWidget *view; /* insensitive before the document is loaded */
  GtkWidget *save_button;
  GtkWidget *banner;
  GtkWidget *banner_label;
};

G_DEFINE_FINAL_TYPE (EditorWindow, editor_window, ADW_TYPE_APPLICATION_WINDOW)

static void follow (GtkApplication *app, GFile *document);
static void acquire (EditorWindow *self);
static void explain_failure (EditorWindow *self, const GError *error);
static void response_cb (GtkWindow *dialog, const char *response, EditorWindow *self);

/* --- Showing and asking ------------------------------------------------------- */

static void
show_banner (EditorWindow *self, GtkMessageType type, const char *text)
{
  gtk_label_set_text (GTK_LABEL (self->banner_label), text);
  gtk_info_bar_set_message_type (GTK_INFO_BAR (self->banner), type);
  gtk_info_bar_set_revealed (GTK_INFO_BAR (self->banner), TRUE);
}

/* Behind BODY come the responses, each a name, a label and an appearance, and NULL. */
static void G_GNUC_NULL_TERMINATED
ask (EditorWindow *self, const char *heading, const char *body, ...)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), heading, body);
  const char *response;
  va_list responses;

  va_start (responses, body);
  while ((response = va_arg (responses, const char *)) != NULL)
    {
      const char *label = va_arg (responses, const char *);
      AdwResponseAppearance appearance = va_arg (responses, int);

      adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), response, label);
      adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), response,
                                                  appearance);
      if (appearance == ADW_RESPONSE_SUGGESTED)
        adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), response);
    }
  va_end (responses);
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), self);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* --- One thing at a time ------------------------------------------------------ */

static void
begin (EditorWindow *self)
{
  self->is_busy = TRUE;
  gtk_widget_set_sensitive (self->save_button, FALSE);
}

/* Answers whether to go on with the next thing. */
static gboolean
end (EditorWindow *self)
{
  self->is_busy = FALSE;
  gtk_widget_set_sensitive (self->save_button,
                            gtk_text_view_get_editable (GTK_TEXT_VIEW (self->view)));
  if (self->is_closing)
    gtk_window_close (GTK_WINDOW (self));
  return !self->is_closing;
}

/* --- Loading ------------------------------------------------------------------ */

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gboolean is_locked = g_lock_file_is_locked (self->lock);
  gsize length = 0;

  g_file_load_contents_finish (G_FILE (source), result, &text, &length, NULL, &error);
  if (is_locked && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_clear_error (&error); /* a new document */

  if (error != NULL)
    {
      show_banner (self, GTK_MESSAGE_ERROR, error->message);
    }
  else if (text != NULL && !g_utf8_validate (text, length, NULL))
    {
      show_banner (self, GTK_MESSAGE_ERROR, _("This is not a text in UTF-8."));
    }
  else
    {
      gtk_text_buffer_set_text (self->buffer, text != NULL ? text : "", length);
      gtk_text_buffer_set_modified (self->buffer, source == G_OBJECT (self->autosave));
      gtk_text_view_set_editable (GTK_TEXT_VIEW (self->view), is_locked);
      gtk_widget_set_sensitive (self->view, TRUE);
      gtk_widget_grab_focus (self->view);
      /* That the lock was lost meanwhile is worse. */
      if (!is_locked && !gtk_info_bar_get_revealed (GTK_INFO_BAR (self->banner)))
        show_banner (self, GTK_MESSAGE_INFO, _("Opened for reading only"));
    }
  end (self);
}

static void
load (EditorWindow *self, GFile *file)
{
  begin (self);
  g_file_load_contents_async (file, self->cancellable, loaded_cb, g_object_ref (self));
}

static void
autosave_queried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (self->autosave, result, NULL);

  self->has_autosave = (info != NULL);
  if (!end (self))
    return;

  if (self->has_autosave)
    {
      /* We have the lock, so the editor that wrote this is gone. */
      GLockFileInfo *previous = g_lock_file_get_previous_holder (self->lock);
      g_autofree char *who = previous != NULL
                               ? g_lock_file_info_describe (previous)
                               : g_strdup (_("The editor ended unexpectedly."));

      ask (self, _("Restore Unsaved Changes?"), who,
           "open", _("_Do Not Restore"), ADW_RESPONSE_DEFAULT,
           "restore", _("_Restore"), ADW_RESPONSE_SUGGESTED, NULL);
    }
  else
    {
      load (self, self->document);
    }
}

/* --- Locking ------------------------------------------------------------------ */

/* Unless it is still there, the lock can be had now. */
static void
try_again (EditorWindow *self, const GError *error)
{
  if (error == NULL || g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND))
    acquire (self);
  else
    explain_failure (self, error);
}

static void
holder_queried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GLockFileInfo) holder = g_lock_file_query_info_finish (self->lock, result, &error);
  g_autofree char *who = NULL;
  gboolean is_leftover;

  if (!end (self))
    return;

  if (holder == NULL)
    {
      try_again (self, error);
      return;
    }

  who = g_lock_file_info_describe (holder);
  is_leftover = (g_lock_file_info_get_holder_state (holder)
                 != G_LOCK_FILE_HOLDER_STATE_RUNNING);
  ask (self,
       is_leftover ? _("Document May Be in Use") : _("Document Is in Use"),
       who,
       "close", _("_Cancel"), ADW_RESPONSE_DEFAULT,
       "open", _("Open _Read-Only"), ADW_RESPONSE_SUGGESTED,
       is_leftover ? "take-over" : NULL, _("_Take Over"),
       ADW_RESPONSE_DESTRUCTIVE, NULL);
}

static void
explain_failure (EditorWindow *self, const GError *error)
{
  if (g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED))
    {
      begin (self);
      g_lock_file_query_info_async (self->lock, G_PRIORITY_DEFAULT, self->cancellable,
                                    holder_queried_cb, g_object_ref (self));
    }
  else
    {
      ask (self, _("Document Cannot Be Locked"), error->message,
           "close", _("_Cancel"), ADW_RESPONSE_DEFAULT,
           "open", _("Open _Read-Only"), ADW_RESPONSE_SUGGESTED, NULL);
    }
}

static void
acquired_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  g_lock_file_try_lock_finish (self->lock, result, &error);
  if (!end (self))
    return;

  if (error == NULL)
    {
      begin (self);
      g_file_query_info_async (self->autosave, G_FILE_ATTRIBUTE_STANDARD_TYPE,
                               G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, self->cancellable,
                               autosave_queried_cb, g_object_ref (self));
    }
  else
    {
      explain_failure (self, error);
    }
}

static void
acquire (EditorWindow *self)
{
  begin (self);
  g_lock_file_try_lock_async (self->lock, PATIENCE, G_PRIORITY_DEFAULT, self->cancellable,
                              acquired_cb, g_object_ref (self));
}

static void
leftover_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  g_lock_file_remove_stale_finish (self->lock, result, &error);
  if (end (self))
    try_again (self, error);
}

static void
take_over (EditorWindow *self)
{
  begin (self);
  g_lock_file_remove_stale_async (self->lock, G_PRIORITY_DEFAULT, self->cancellable,
                                  leftover_removed_cb, g_object_ref (self));
}

static void
lost_cb (GLockFile *lock, const GError *error, EditorWindow *self)
{
  g_autofree char *text =
    g_strdup_printf (_("%s. Others can change the document now."), error->message);

  self->has_autosave = FALSE; /* whatever is there now */
  show_banner (self, GTK_MESSAGE_WARNING, text);
}

/* --- Saving ------------------------------------------------------------------- */

static void
autosave_deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;

  g_file_delete_finish (self->autosave, result, NULL);
  end (self);
}

static void
delete_autosave (EditorWindow *self)
{
  begin (self);
  self->has_autosave = FALSE;
  g_file_delete_async (self->autosave, G_PRIORITY_DEFAULT, NULL, autosave_deleted_cb,
                       g_object_ref (self));
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_autosave = (source == G_OBJECT (self->autosave));
  gboolean is_closing;

  if (g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    {
      if (is_autosave)
        self->has_autosave = g_lock_file_is_locked (self->lock);
      if (end (self) && !is_autosave && self->has_autosave)
        delete_autosave (self);
      return;
    }

  if (is_autosave)
    {
      show_banner (self, GTK_MESSAGE_ERROR, error->message);
      end (self);
      return;
    }

  gtk_text_buffer_set_modified (self->buffer, TRUE);
  is_closing = self->is_closing;
  self->is_closing = FALSE;
  end (self);
  ask (self, _("Document Could Not Be Saved"), error->message,
       "close", _("_Cancel"), ADW_RESPONSE_DEFAULT,
       is_closing ? "discard" : NULL, _("Close _Without Saving"), ADW_RESPONSE_DESTRUCTIVE, NULL);
}

static void
write_text (EditorWindow *self, GFile *file)
{
  GtkTextIter first, last;
  g_autoptr (GBytes) bytes = NULL;
  char *text;

  gtk_text_buffer_get_bounds (self->buffer, &first, &last);
  text = gtk_text_buffer_get_text (self->buffer, &first, &last, TRUE);
  bytes = g_bytes_new_take (text, strlen (text));
  begin (self);
  g_file_replace_contents_bytes_async (file, bytes, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                                       written_cb, g_object_ref (self));
}

static void
write_document (EditorWindow *self)
{
  /* Now, for what is typed while it is being written is not saved. */
  gtk_text_buffer_set_modified (self->buffer, FALSE);
  write_text (self, self->document);
}

static void
save (EditorWindow *self)
{
  if (g_lock_file_is_locked (self->lock))
    write_document (self);
  else
    ask (self, _("Save Without the Lock?"),
         _("Others may have changed the document. Saving would overwrite what they did."),
         "close", _("_Cancel"), ADW_RESPONSE_DEFAULT,
         "save", _("_Save Anyway"), ADW_RESPONSE_DESTRUCTIVE,
         self->is_closing ? "discard" : NULL, _("Close _Without Saving"),
         ADW_RESPONSE_DESTRUCTIVE, NULL);
}

static gboolean
autosave_cb (gpointer user_data)
{
  EditorWindow *self = user_data;

  if (self->is_busy)
    return G_SOURCE_CONTINUE;

  self->autosave_timer = 0;
  if (gtk_text_buffer_get_modified (self->buffer) && g_lock_file_is_locked (self->lock))
    write_text (self, self->autosave);
  return G_SOURCE_REMOVE;
}

static void
changed_cb (EditorWindow *self)
{
  if (self->autosave_timer == 0)
    self->autosave_timer = g_timeout_add_seconds (AUTOSAVE_INTERVAL, autosave_cb, self);
}

static void
response_cb (GtkWindow *dialog, const char *response, EditorWindow *self)
{
  gtk_window_set_transient_for (dialog, NULL); /* which may be gone before it */
  if (g_str_equal (response, "open"))
    {
      load (self, self->document);
    }
  else if (g_str_equal (response, "restore"))
    {
      /* It is not ours any more if the lock was lost during the question. */
      load (self, g_lock_file_is_locked (self->lock) ? self->autosave : self->document);
    }
  else if (g_str_equal (response, "take-over"))
    {
      take_over (self);
    }
  else if (g_str_equal (response, "save"))
    {
      write_document (self);
    }
  else if (g_str_equal (response, "discard"))
    {
      gtk_text_buffer_set_modified (self->buffer, FALSE);
      gtk_window_close (GTK_WINDOW (self));
    }
  else
    {
      self->is_closing = FALSE;
      if (!gtk_widget_get_sensitive (self->view))
        gtk_window_close (GTK_WINDOW (self));
    }
}

/* --- Closing ------------------------------------------------------------------ */

static void
unlocked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (EditorWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_unlock_finish (self->lock, result, &error))
    g_printerr ("%s\n", error->message);
  end (self);
}

/* Begins one of the things that are to be done before the window can go; when it
 * has ended, this is called again for the next. */
static gboolean
editor_window_close_request (GtkWindow *window)
{
  EditorWindow *self = EDITOR_WINDOW (window);

  self->is_closing = TRUE;
  if (self->is_busy)
    {
      g_cancellable_cancel (self->cancellable);
    }
  else if (gtk_text_buffer_get_modified (self->buffer))
    {
      save (self);
    }
  else if (!g_lock_file_is_locked (self->lock))
    {
      return GTK_WINDOW_CLASS (editor_window_parent_class)->close_request (window);
    }
  else if (self->has_autosave && gtk_text_view_get_editable (GTK_TEXT_VIEW (self->view)))
    {
      /* A predecessor's is not deleted before the user has decided what to do with it. */
      delete_autosave (self);
    }
  else
    {
      begin (self);
      g_lock_file_unlock_async (self->lock, G_PRIORITY_DEFAULT, NULL, unlocked_cb,
                                g_object_ref (self));
    }
  return TRUE;
}

/* --- The window --------------------------------------------------------------- */

static void
editor_window_dispose (GObject *object)
{
  EditorWindow *self = EDITOR_WINDOW (object);

  g_clear_handle_id (&self->autosave_timer, g_source_remove);
  g_clear_object (&self->lock);
  g_clear_object (&self->document);
  g_clear_object (&self->autosave);
  g_clear_object (&self->cancellable);

  G_OBJECT_CLASS (editor_window_parent_class)->dispose (object);
}

static void
editor_window_class_init (EditorWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = editor_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = editor_window_close_request;
}

static void
editor_window_init (EditorWindow *self)
{
  GtkWidget *header = adw_header_bar_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *scrolled = gtk_scrolled_window_new ();

  self->cancellable = g_cancellable_new ();

  self->save_button = gtk_button_new_with_mnemonic (_("_Save"));
  gtk_widget_set_sensitive (self->save_button, FALSE);
  g_signal_connect_swapped (self->save_button, "clicked", G_CALLBACK (save), self);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), self->save_button);
  gtk_box_append (GTK_BOX (box), header);

  self->banner_label = gtk_label_new (NULL);
  g_object_set (self->banner_label, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR,
                "justify", GTK_JUSTIFY_CENTER, "hexpand", TRUE,
                "margin-top", 6, "margin-bottom", 6, "margin-start", 18, "margin-end", 18, NULL);
  self->banner = gtk_info_bar_new ();
  gtk_info_bar_add_child (GTK_INFO_BAR (self->banner), self->banner_label);
  gtk_info_bar_set_revealed (GTK_INFO_BAR (self->banner), FALSE);
  gtk_box_append (GTK_BOX (box), self->banner);

  self->view = gtk_text_view_new ();
  g_object_set (self->view, "editable", FALSE, "sensitive", FALSE, "wrap-mode", GTK_WRAP_WORD_CHAR,
                "left-margin", 24, "right-margin", 24, "top-margin", 24, "bottom-margin", 24, NULL);
  self->buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->view));
  g_signal_connect_object (self->buffer, "changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), self->view);
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_box_append (GTK_BOX (box), scrolled);

  adw_application_window_set_content (ADW_APPLICATION_WINDOW (self), box);
  gtk_window_set_default_size (GTK_WINDOW (self), 640, 400);
}

/* The file of the same name with SUFFIX behind it. */
static GFile *
get_sibling (GFile *file, const char *suffix)
{
  g_autofree char *uri = g_file_get_uri (file);
  g_autofree char *sibling_uri = g_strconcat (uri, suffix, NULL);

  return g_file_new_for_uri (sibling_uri);
}

static void
open_document (GtkApplication *app, GFile *document)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) lock_file = get_sibling (document, ".lock");
  g_autoptr (GLockFile) lock = g_lock_file_new_for_file (lock_file, &error);
  g_autofree char *title = g_file_get_basename (document);
  EditorWindow *self;

  if (lock == NULL)
    {
      g_printerr ("%s\n", error->message);
      return;
    }

  self = g_object_new (EDITOR_TYPE_WINDOW, "application", app, "title", title, NULL);
  self->document = g_object_ref (document);
  self->autosave = get_sibling (document, ".autosave");
  self->lock = g_steal_pointer (&lock);
  /* A document may be open for days: no age may decide that its editor is gone. */
  g_lock_file_set_stale_lock_time (self->lock, 0);
  g_signal_connect_object (self->lock, "lost", G_CALLBACK (lost_cb), self, 0);
  gtk_window_present (GTK_WINDOW (self));
  acquire (self);
}

/* --- Which document ----------------------------------------------------------- */

/* Follows symbolic links: a document must have one lock, whichever way one comes to it.
 * Links to folders on the way do not matter, for the lock is in the same folder then. */
static void
followed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkApplication) app = user_data;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, NULL);
  const char *target = info != NULL ? g_file_info_get_symlink_target (info) : NULL;
  int n_links = GPOINTER_TO_INT (g_object_get_data (source, "n-links"));

  if (target != NULL && n_links < MAX_LINKS)
    {
      g_autoptr (GFile) folder = g_file_get_parent (G_FILE (source));
      g_autoptr (GFile) next = g_file_resolve_relative_path (folder, target);

      g_object_set_data (G_OBJECT (next), "n-links", GINT_TO_POINTER (n_links + 1));
      follow (app, next);
    }
  else
    {
      open_document (app, G_FILE (source));
    }
  g_application_release (G_APPLICATION (app));
}

static void
follow (GtkApplication *app, GFile *document)
{
  g_application_hold (G_APPLICATION (app));
  g_file_query_info_async (document, G_FILE_ATTRIBUTE_STANDARD_SYMLINK_TARGET,
                           G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, G_PRIORITY_DEFAULT, NULL,
                           followed_cb, g_object_ref (app));
}

/* --- The application ---------------------------------------------------------- */

static void
open_cb (GtkApplication *app, GFile **documents, int n_documents)
{
  for (int i = 0; i < n_documents; i++)
    follow (app, documents[i]);
}

/* At the end of the session, or of the patience of who started this: as if the user had
 * closed all windows. */
static gboolean
terminate_cb (gpointer app)
{
  g_autoptr (GList) windows = g_list_copy (gtk_application_get_windows (app));

  for (GList *l = windows; l != NULL; l = l->next)
    gtk_window_close (l->data);
  return G_SOURCE_CONTINUE;
}

static void
activate_cb (GtkApplication *app)
{
  g_printerr (_("Usage: %s DOCUMENT…\n"), g_get_prgname ());
}

int
main (int argc, char **argv)
{
  /* Every start is a process of its own, to see them exclude each other. */
  g_autoptr (AdwApplication) app =
    adw_application_new (NULL, G_APPLICATION_NON_UNIQUE | G_APPLICATION_HANDLES_OPEN);

  g_set_application_name (_("Text Editor"));
  g_signal_connect (app, "open", G_CALLBACK (open_cb), NULL);
  g_signal_connect (app, "activate", G_CALLBACK (activate_cb), NULL);
  g_unix_signal_add (SIGTERM, terminate_cb, app);
  return g_application_run (G_APPLICATION (app), argc, argv);
}
