/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A window that changes a settings file which other programs change too: settings FILE
 *
 * To save, it waits for FILE.lock as long as its user likes, then reads, changes and
 * writes the file, so that nothing is lost that others wrote meanwhile. Nothing here
 * blocks the main loop.
 */

#include <adwaita.h>
#include <glib/gi18n.h>
#include <lockfile/glockfile.h>

#define GROUP "text"
#define KEY "font-size"

#define SETTINGS_TYPE_WINDOW (settings_window_get_type ())
G_DECLARE_FINAL_TYPE (SettingsWindow, settings_window, SETTINGS, WINDOW, AdwApplicationWindow)

struct _SettingsWindow
{
  AdwApplicationWindow parent_instance;

  GFile *file;
  GLockFile *lock;
  GCancellable *cancellable; /* only while saving */
  GError *error;             /* what went wrong with that first */
  gboolean is_closing;       /* when it has ended */

  GtkWidget *font_size;
  GtkWidget *waiting_row; /* visible only while saving */
  GtkWidget *error_row;   /* only if something went wrong */
  GtkWidget *save_button;
  GtkWidget *toasts;
};

G_DEFINE_FINAL_TYPE (SettingsWindow, settings_window, ADW_TYPE_APPLICATION_WINDOW)

static void
show_error (SettingsWindow *self, const char *title, const GError *error)
{
  g_object_set (self->error_row, "title", title, "subtitle", error->message, "visible", TRUE, NULL);
}

static void
show_is_saving (SettingsWindow *self, gboolean is_saving)
{
  gtk_widget_set_visible (self->waiting_row, is_saving);
  gtk_widget_set_sensitive (self->save_button, !is_saving);
}

/* --- Saving, from the end to the beginning ------------------------------------ */

static void
end (SettingsWindow *self)
{
  g_autoptr (GError) error = g_steal_pointer (&self->error);

  g_clear_object (&self->cancellable);
  show_is_saving (self, FALSE);
  if (error == NULL)
    adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts),
                                 adw_toast_new (_("Settings saved")));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    show_error (self, _("Settings Could Not Be Saved"), error);

  if (self->is_closing)
    gtk_window_close (GTK_WINDOW (self));
}

static void
unlocked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SettingsWindow) self = user_data;

  g_lock_file_unlock_finish (self->lock, result, self->error == NULL ? &self->error : NULL);
  end (self);
}

static void
unlock (SettingsWindow *self)
{
  g_lock_file_unlock_async (self->lock, G_PRIORITY_DEFAULT, NULL, unlocked_cb,
                            g_object_ref (self));
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SettingsWindow) self = user_data;

  g_file_replace_contents_finish (self->file, result, NULL,
                                  self->error == NULL ? &self->error : NULL);
  unlock (self);
}

/* A file that is not there yet is an empty one. */
static GKeyFile *
load_finish (GFile *file, GAsyncResult *result, GError **error)
{
  g_autoptr (GKeyFile) settings = g_key_file_new ();
  g_autoptr (GError) failure = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;

  g_file_load_contents_finish (file, result, &text, &length, NULL, &failure);
  if (failure == NULL)
    g_key_file_load_from_data (settings, text, length, G_KEY_FILE_KEEP_COMMENTS, &failure);
  else if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_clear_error (&failure);

  if (failure == NULL)
    return g_steal_pointer (&settings);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SettingsWindow) self = user_data;
  g_autoptr (GKeyFile) settings = load_finish (self->file, result,
                                               self->error == NULL ? &self->error : NULL);
  g_autoptr (GBytes) bytes = NULL;
  char *text;
  gsize length;

  if (settings == NULL)
    {
      unlock (self);
      return;
    }

  g_key_file_set_integer (settings, GROUP, KEY,
                          gtk_spin_button_get_value_as_int (GTK_SPIN_BUTTON (self->font_size)));
  text = g_key_file_to_data (settings, &length, NULL);
  bytes = g_bytes_new_take (text, length);
  g_file_replace_contents_bytes_async (self->file, bytes, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                                       written_cb, g_object_ref (self));
}

static void
locked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SettingsWindow) self = user_data;

  if (g_lock_file_lock_finish (self->lock, result, &self->error))
    g_file_load_contents_async (self->file, self->cancellable, loaded_cb, g_object_ref (self));
  else
    end (self);
}

static void
save (SettingsWindow *self)
{
  self->cancellable = g_cancellable_new ();
  show_is_saving (self, TRUE);
  gtk_widget_set_visible (self->error_row, FALSE);
  g_lock_file_lock_async (self->lock, G_PRIORITY_DEFAULT, self->cancellable, locked_cb,
                          g_object_ref (self));
}

static void
cancel (SettingsWindow *self)
{
  g_cancellable_cancel (self->cancellable);
}

/* Nothing is written then, if it is not too late; and unlocking does not tell it again. */
static void
lost_cb (GLockFile *lock, const GError *error, SettingsWindow *self)
{
  if (self->error == NULL)
    self->error = g_error_copy (error);
  cancel (self);
}

/* --- Showing what is set ------------------------------------------------------ */

/* The file is always replaced as a whole, so who only reads it needs no lock. */
static void
shown_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SettingsWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) settings = load_finish (self->file, result, &error);

  if (error != NULL)
    show_error (self, _("Settings Could Not Be Read"), error);
  else if (g_key_file_has_key (settings, GROUP, KEY, NULL))
    gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->font_size),
                               g_key_file_get_integer (settings, GROUP, KEY, NULL));
}

/* --- The window --------------------------------------------------------------- */

static gboolean
settings_window_close_request (GtkWindow *window)
{
  SettingsWindow *self = SETTINGS_WINDOW (window);

  if (self->cancellable == NULL)
    return GTK_WINDOW_CLASS (settings_window_parent_class)->close_request (window);

  self->is_closing = TRUE;
  cancel (self);
  return TRUE;
}

static void
settings_window_dispose (GObject *object)
{
  SettingsWindow *self = SETTINGS_WINDOW (object);

  g_clear_object (&self->file);
  g_clear_object (&self->lock);

  G_OBJECT_CLASS (settings_window_parent_class)->dispose (object);
}

static void
settings_window_class_init (SettingsWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = settings_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = settings_window_close_request;
}

static void
settings_window_init (SettingsWindow *self)
{
  GtkWidget *header = adw_header_bar_new ();
  GtkWidget *font_size_row = adw_action_row_new ();
  GtkWidget *spinner = gtk_spinner_new ();
  GtkWidget *cancel_button = gtk_button_new_with_mnemonic (_("_Cancel"));
  GtkWidget *group = adw_preferences_group_new ();
  GtkWidget *page = adw_preferences_page_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->save_button = gtk_button_new_with_mnemonic (_("_Save"));
  gtk_widget_add_css_class (self->save_button, "suggested-action");
  g_signal_connect_swapped (self->save_button, "clicked", G_CALLBACK (save), self);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), self->save_button);

  self->font_size = gtk_spin_button_new_with_range (6, 72, 1);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->font_size), 11);
  gtk_widget_set_valign (self->font_size, GTK_ALIGN_CENTER);
  g_object_set (font_size_row, "title", _("_Font Size"), "use-underline", TRUE,
                "activatable-widget", self->font_size, NULL);
  adw_action_row_add_suffix (ADW_ACTION_ROW (font_size_row), self->font_size);

  self->waiting_row = adw_action_row_new ();
  g_object_set (self->waiting_row, "title", _("Waiting for another program…"), NULL);
  gtk_spinner_start (GTK_SPINNER (spinner));
  adw_action_row_add_prefix (ADW_ACTION_ROW (self->waiting_row), spinner);
  gtk_widget_set_valign (cancel_button, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (cancel_button, "clicked", G_CALLBACK (cancel), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self->waiting_row), cancel_button);

  self->error_row = adw_action_row_new ();
  g_object_set (self->error_row, "icon-name", "dialog-error-symbolic", "visible", FALSE,
                "use-markup", FALSE /* a file's name is none */, NULL);

  g_object_set (group, "title", _("Text"),
                "description", _("Other programs change these settings, too."), NULL);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), font_size_row);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), self->waiting_row);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), self->error_row);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  self->toasts = adw_toast_overlay_new ();
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (self->toasts), page);
  gtk_widget_set_vexpand (self->toasts, TRUE);

  gtk_box_append (GTK_BOX (box), header);
  gtk_box_append (GTK_BOX (box), self->toasts);
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (self), box);
  gtk_window_set_default_size (GTK_WINDOW (self), 480, 320);
  gtk_window_set_title (GTK_WINDOW (self), _("Settings"));
  show_is_saving (self, FALSE);
}

static void
open_cb (GtkApplication *app, GFile **files, int n_files)
{
  for (int i = 0; i < n_files; i++)
    {
      SettingsWindow *self = g_object_new (SETTINGS_TYPE_WINDOW, "application", app, NULL);
      g_autofree char *path = g_file_get_path (files[i]);
      g_autofree char *lock_file_name = g_strconcat (path, ".lock", NULL);

      self->file = g_object_ref (files[i]);
      self->lock = g_lock_file_new (lock_file_name);
      g_signal_connect_object (self->lock, "lost", G_CALLBACK (lost_cb), self, 0);
      g_file_load_contents_async (self->file, NULL, shown_cb, g_object_ref (self));
      gtk_window_present (GTK_WINDOW (self));
    }
}

static void
activate_cb (GtkApplication *app)
{
  g_printerr (_("Usage: %s FILE\n"), g_get_prgname ());
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) app =
    adw_application_new (NULL, G_APPLICATION_NON_UNIQUE | G_APPLICATION_HANDLES_OPEN);

  g_set_application_name (_("Settings"));
  g_signal_connect (app, "open", G_CALLBACK (open_cb), NULL);
  g_signal_connect (app, "activate", G_CALLBACK (activate_cb), NULL);
  return g_application_run (G_APPLICATION (app), argc, argv);
}
